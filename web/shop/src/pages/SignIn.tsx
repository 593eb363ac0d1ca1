import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, byWechat, changedMe, forgetGuest, isDemo, problemOf, useMe } from "../api";
import { Field } from "../components/Field";
import { Screen } from "../components/Screen";
import { Trouble } from "../components/states";
import { pick, say } from "../i18n";
import { kept } from "../kept";
import { problemText } from "../problem";
import { go, useSearch } from "../router";
import * as both from "../words/sign_in";

const words = pick(both);

/** Where one goes after signing in: only a place of the store. */
export function placeAfter(to: string | null): string {
  return to?.startsWith("/") && !to.startsWith("//") ? to : "/me";
}

/** Sign in by a code to a phone; what the guest had in her cart comes along. */
export default function SignIn() {
  const me = useMe();
  const search = useSearch();
  const to = placeAfter(search.get("to"));
  const again = search.has("wechat");
  const [phone, setPhone] = useState("");
  const [code, setCode] = useState("");
  const [wait, setWait] = useState(0);
  useEffect(() => {
    if (me) {
      go(to, true);
    }
  }, [me, to]);
  useEffect(() => {
    if (wait > 0) {
      const timer = setTimeout(() => setWait(wait - 1), 1000);
      return () => clearTimeout(timer);
    }
  }, [wait]);

  const send = useMutation({
    mutationFn: async () => {
      const { error } = await api.POST("/api/v1/shop/code", { body: { phone } });
      if (error) {
        const after = Number(problemOf(error).params?.retry_after);
        setWait(Number.isFinite(after) ? Math.min(after, 3600) : 0);
        throw error;
      }
      setWait(60);
    },
  });
  const enter = useMutation({
    mutationFn: async () => {
      const { error } = await api.POST("/api/v1/shop/session", {
        body: { phone, code, origin: kept("hs.origin") || undefined },
      });
      if (error) {
        throw error;
      }
      forgetGuest();
      await changedMe();
    },
  });
  const wrong = (field: string, error: unknown) =>
    error && problemOf(error).field?.endsWith(field) ? problemText(error) : undefined;
  const wrongPhone = wrong("phone", send.error) ?? wrong("phone", enter.error);
  const wrongCode = wrong("code", enter.error);

  return (
    <Screen title={words.title} up="/">
      <form
        className="panel"
        onSubmit={(e) => {
          e.preventDefault();
          enter.mutate();
        }}
      >
        <p className="muted">{words.why}</p>
        <Field
          label={words.phone}
          type="tel"
          inputMode="tel"
          autoComplete="tel"
          maxLength={24}
          required
          value={phone}
          onChange={(e) => setPhone(e.target.value)}
          wrong={wrongPhone}
        />
        <Field
          label={words.code}
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9]{6}"
          maxLength={6}
          required
          value={code}
          onChange={(e) => setCode(e.target.value.replace(/\D/g, ""))}
          wrong={wrongCode}
          side={
            <button
              type="button"
              className="second"
              disabled={phone.trim().length < 5 || wait > 0 || send.isPending}
              onClick={() => send.mutate()}
            >
              {wait > 0 ? say(words.again, { n: wait }) : words.send}
            </button>
          }
        />
        <p className="small" role="status">
          {send.isSuccess && words.sent}
        </p>
        {!wrongPhone && !wrongCode && <Trouble error={enter.error ?? send.error} />}
        <p className="wide-row">
          <button
            type="submit"
            className="primary wide"
            disabled={enter.isPending || code.length < 6 || phone.trim().length < 5}
          >
            {words.enter}
          </button>
        </p>
      </form>
      {byWechat() && (
        <section className="panel">
          {again && (
            <p className="danger small" role="alert">
              {words.wechat_again}
            </p>
          )}
          <p className="wide-row">
            <a className="second wide" href={`/api/v1/shop/wechat?to=${encodeURIComponent(`/shop${to}`)}`}>
              {words.wechat}
            </a>
          </p>
        </section>
      )}
      {isDemo() && send.isSuccess && <Simulated phone={phone} />}
    </Screen>
  );
}

/** In the demo brand, the text that the simulated phone got; nothing elsewhere. */
function Simulated({ phone }: { phone: string }) {
  const look = useMutation({
    mutationFn: async () => {
      const { data, error, response } = await api.GET("/api/v1/demo/sms", { params: { query: { phone } } });
      if (response.status === 401 || response.status === 403) {
        return null;
      }
      if (error) {
        throw error;
      }
      return data?.text ?? "";
    },
  });
  return (
    <section className="panel">
      <p className="muted">{words.demo}</p>
      <button type="button" className="quiet" onClick={() => look.mutate()}>
        {words.demo_show}
      </button>
      <div role="status">
        {look.isSuccess &&
          (look.data === null ? (
            <p>
              {words.demo_door}{" "}
              <a className="quiet" href="/console/sign-in" target="_blank" rel="noreferrer">
                {words.demo_go}
              </a>
            </p>
          ) : (
            <p>{look.data || words.demo_none}</p>
          ))}
      </div>
      <Trouble error={look.error} />
    </section>
  );
}
