import { CheckCircleFilled, MobileOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import { formatCount, formatWhen, setAhead, useProblemText, useReader } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { App, Button, Popover, Progress } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import "./demo.css";
import { markDone, stepAt, steps, useDone } from "./steps";

type State = Schema<"DemoState">;

/** The demo brand's day, the way to move it on, and the first steps; nothing at all on any other server. */
export default function DemoBar() {
  const demo = $api.useQuery("get", "/api/v1/demo", undefined, {
    refetchInterval: (query) => ((query.state.data as State | undefined)?.progress.running ? 400 : 30_000),
  });
  const path = useLocation({ select: (l) => l.pathname });
  useEffect(() => {
    const step = stepAt(path.replace(/^\/console/, ""));
    if (step) {
      markDone(step);
    }
  }, [path]);
  const now = demo.data?.now;
  useEffect(() => {
    if (now) {
      setAhead(new Date(now).getTime() - Date.now());
    }
  }, [now]);
  if (!demo.data?.enabled || !now) {
    return null;
  }
  return <Bar state={demo.data} now={now} />;
}

function Bar({ state, now }: { state: State; now: string }) {
  const { t, i18n } = useTranslation();
  const reader = useReader();
  const client = useQueryClient();
  const { message } = App.useApp();
  const problem = useProblemText();
  const { progress } = state;
  const weekday = new Intl.DateTimeFormat(i18n.language === "en" ? "en-GB" : "zh-CN", {
    weekday: "short",
    timeZone: reader.zone,
  }).format(new Date(now));

  const begin = $api.useMutation("post", "/api/v1/demo/advance", {
    onSuccess: () => {
      markDone("days");
      void client.invalidateQueries({ queryKey: $api.queryOptions("get", "/api/v1/demo").queryKey });
    },
    onError: (error) => void message.error(problem(error)),
  });

  const wasRunning = useRef(progress.running);
  useEffect(() => {
    if (wasRunning.current && !progress.running) {
      const counts = {
        orders: formatCount(progress.orders, reader.language),
        opens: formatCount(progress.opens, reader.language),
      };
      if (progress.error) {
        void message.warning({ key: "demo", content: t("demo.stopped", { why: progress.error }), duration: 8 });
      } else {
        void message.success({ key: "demo", content: t("demo.done", { days: progress.days, ...counts }), duration: 6 });
      }
      void client.invalidateQueries();
    }
    wasRunning.current = progress.running;
  }, [progress, client, message, reader.language, t]);

  return (
    <section className="demo-bar" aria-label={t("demo.brand")} data-testid="demo-bar">
      <b>{t("demo.brand")}</b>
      <span className="hs-num" data-testid="demo-today">
        {t("demo.today", { day: `${formatWhen(now, reader, "date")} ${weekday}` })}
      </span>
      {progress.running ? (
        <output className="demo-run">
          <span>{t("demo.passing", { day: progress.day, days: progress.days })}</span>
          <Progress
            percent={Math.round((100 * progress.day) / Math.max(1, progress.days))}
            showInfo={false}
            size={[120, 6]}
            strokeColor={reader.palette.water}
            aria-label={t("demo.advance_label")}
          />
          <span className="hs-secondary">{t(`demo.stage.${progress.stage}`)}</span>
          <span className="hs-secondary hs-num">
            {t("demo.so_far", {
              orders: formatCount(progress.orders, reader.language),
              opens: formatCount(progress.opens, reader.language),
            })}
          </span>
        </output>
      ) : (
        <fieldset className="demo-days" aria-label={t("demo.advance_label")}>
          <span>{t("demo.advance")}</span>
          {[1, 7, 30].map((days) => (
            <Button
              key={days}
              size="small"
              disabled={begin.isPending}
              data-testid={`advance-${days}`}
              onClick={() => begin.mutate({ body: { days } })}
            >
              {t("demo.days", { n: days })}
            </Button>
          ))}
        </fieldset>
      )}
      <span className="demo-bar-rest" />
      <a href="/phone/" target="_blank" rel="noreferrer" className="demo-phone">
        <MobileOutlined aria-hidden /> {t("demo.phone")}
      </a>
      <Guide onDays={() => begin.mutate({ body: { days: 7 } })} />
    </section>
  );
}

function Guide({ onDays }: { onDays: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const [open, setOpen] = useState(false);
  const next = steps.find((s) => !done.includes(s.key))?.key;
  const content = (
    <div className="demo-guide">
      <p className="hs-secondary">{t(done.length === steps.length ? "demo.guide_done" : "demo.guide_intro")}</p>
      <ol>
        {steps.map(({ key, to }, i) => {
          const words = (
            <>
              <span className="demo-step-mark" aria-hidden>
                {done.includes(key) ? <CheckCircleFilled /> : i + 1}
              </span>
              <span>
                <b>{t(`demo.steps.${key}.title`)}</b>
                <small>{t(`demo.steps.${key}.text`)}</small>
              </span>
            </>
          );
          const go = () => setOpen(false);
          const className = key === next ? "demo-step demo-step-next" : "demo-step";
          return (
            <li key={key}>
              {to ? (
                <Link to={to as string} className={className} onClick={go}>
                  {words}
                </Link>
              ) : (
                <button
                  type="button"
                  className={className}
                  onClick={() => {
                    go();
                    onDays();
                  }}
                >
                  {words}
                </button>
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
  return (
    <Popover
      content={content}
      title={t("demo.guide")}
      trigger="click"
      placement="bottomRight"
      open={open}
      onOpenChange={setOpen}
    >
      <Button size="small" type={next ? "primary" : "default"}>
        {t("demo.guide_of", { n: done.length })}
      </Button>
    </Popover>
  );
}
