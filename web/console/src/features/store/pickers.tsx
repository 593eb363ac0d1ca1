import { PictureOutlined } from "@ant-design/icons";
import { $api, problemOf } from "@huoshui/api";
import { useProblemText } from "@huoshui/ui";
import { App, Button, Select } from "antd";
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Link } from "./design";

/** A labelled field of a block. */
export function Field(props: { label: string; why?: string; children: ReactNode }) {
  return (
    <div className="store-field">
      <span className="store-label">{props.label}</span>
      {props.children}
      {props.why ? <span className="hs-secondary store-why">{props.why}</span> : null}
    </div>
  );
}

/** One of a few, named by the catalogue. */
export function Choice<V extends string>(props: {
  label: string;
  value: V;
  of: readonly V[];
  name: (v: V) => string;
  onChange: (v: V) => void;
}) {
  return (
    <Field label={props.label}>
      <Select<V>
        aria-label={props.label}
        value={props.value}
        onChange={props.onChange}
        options={props.of.map((v) => ({ value: v, label: props.name(v) }))}
      />
    </Field>
  );
}

/** Goods on sale, found by words of the title, pinyin or a SKU. */
export function GoodsPick(props: {
  label: string;
  value: readonly string[];
  most: number;
  onChange: (ids: string[]) => void;
}) {
  const [q, setQ] = useState("");
  const found = $api.useQuery("get", "/api/v1/goods", {
    params: { query: { q: q || undefined, status: "on", limit: 100 } },
  });
  const names = new Map(found.data?.items.map((g) => [g.id, g.title]));
  const options = [...new Set([...props.value, ...names.keys()])].map((id) => ({
    value: id,
    label: names.get(id) ?? id,
  }));
  return (
    <Select
      aria-label={props.label}
      mode={props.most > 1 ? "multiple" : undefined}
      maxCount={props.most > 1 ? props.most : undefined}
      showSearch={{ filterOption: false, onSearch: setQ }}
      loading={found.isFetching}
      options={options}
      value={(props.most > 1 ? [...props.value] : (props.value[0] ?? null)) as never}
      onChange={(v: string | string[]) => props.onChange(Array.isArray(v) ? v : [v])}
    />
  );
}

/** A category of the shelves. */
export function CategoryPick(props: { label: string; value: string; onChange: (id: string) => void }) {
  const all = $api.useQuery("get", "/api/v1/goods/categories");
  const names = new Map(all.data?.items.map((c) => [c.id, c.name]));
  return (
    <Select
      aria-label={props.label}
      value={props.value || null}
      onChange={props.onChange}
      showSearch={{ optionFilterProp: "label" }}
      options={all.data?.items
        .filter((c) => !c.hidden)
        .map((c) => ({ value: c.id, label: c.parent ? `${names.get(c.parent) ?? ""} / ${c.name}` : c.name }))}
    />
  );
}

/** Coupons that customers may claim. */
export function CouponPick(props: { label: string; value: readonly string[]; onChange: (ids: string[]) => void }) {
  const all = $api.useQuery("get", "/api/v1/promotions", {
    params: { query: { kind: ["coupon"], limit: 200 } },
  });
  return (
    <Select
      aria-label={props.label}
      mode="multiple"
      maxCount={10}
      showSearch={{ optionFilterProp: "label" }}
      value={[...props.value]}
      onChange={props.onChange}
      options={all.data?.items.filter((p) => p.terms.coupon?.open).map((p) => ({ value: p.id, label: p.name }))}
    />
  );
}

/** What a block leads to, or nowhere. */
export function LinkPick(props: {
  label: string;
  value: Link | undefined;
  onChange: (link: Link | undefined) => void;
}) {
  const { t } = useTranslation();
  const pages = $api.useQuery("get", "/api/v1/store-pages", {}, { enabled: props.value?.to === "page" });
  const { value, onChange } = props;
  const pick = `${props.label} · ${t("store.fields.link_pick")}`;
  return (
    <Field label={props.label}>
      <Select<Link["to"] | "none">
        aria-label={props.label}
        value={value?.to ?? "none"}
        onChange={(to) => onChange(to === "none" ? undefined : { to, id: to === "page" ? "home" : "" })}
        options={(["none", "goods", "category", "page", "coupon"] as const).map((to) => ({
          value: to,
          label: t(`store.fields.link_to.${to}`),
        }))}
      />
      {value?.to === "goods" ? (
        <GoodsPick
          label={pick}
          most={1}
          value={value.id ? [value.id] : []}
          onChange={([id = ""]) => onChange({ to: "goods", id })}
        />
      ) : value?.to === "category" ? (
        <CategoryPick label={pick} value={value.id} onChange={(id) => onChange({ to: "category", id })} />
      ) : value?.to === "coupon" ? (
        <CouponPick
          label={pick}
          value={value.id ? [value.id] : []}
          onChange={(ids) => onChange({ to: "coupon", id: ids.at(-1) ?? "" })}
        />
      ) : value?.to === "page" ? (
        <Select
          aria-label={pick}
          value={value.id}
          onChange={(id) => onChange({ to: "page", id })}
          options={pages.data?.items.map((p) => ({ value: p.name, label: p.title }))}
        />
      ) : null}
    </Field>
  );
}

/** An uploaded picture, or none. */
export function PicturePick(props: { label: string; value: string; onChange: (id: string) => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const text = useProblemText();
  const file = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const upload = async (f: File) => {
    setBusy(true);
    try {
      const answer = await fetch(`/api/v1/store-pages/pictures?name=${encodeURIComponent(f.name)}`, {
        method: "POST",
        body: f,
      });
      const body: unknown = await answer.json();
      if (!answer.ok) {
        message.error(text(problemOf(body)));
        return;
      }
      props.onChange((body as { id: string }).id);
    } catch (error) {
      message.error(text(problemOf(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Field label={props.label}>
      {props.value ? (
        <img className="store-picture" src={`/media/${encodeURIComponent(props.value)}?w=480`} alt={props.label} />
      ) : null}
      <div className="store-buttons">
        <input
          ref={file}
          type="file"
          hidden
          accept="image/jpeg,image/png,image/webp,image/gif"
          onChange={(e) => {
            const f = e.target.files?.[0];
            e.target.value = "";
            if (f) {
              void upload(f);
            }
          }}
        />
        <Button size="small" icon={<PictureOutlined />} loading={busy} onClick={() => file.current?.click()}>
          {t("store.fields.upload")}
        </Button>
        {props.value ? (
          <Button size="small" type="text" onClick={() => props.onChange("")}>
            {t("store.fields.picture_remove")}
          </Button>
        ) : null}
      </div>
    </Field>
  );
}
