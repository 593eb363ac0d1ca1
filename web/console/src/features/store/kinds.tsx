import {
  AlignLeftOutlined,
  AppstoreOutlined,
  GiftOutlined,
  HeartOutlined,
  IdcardOutlined,
  NotificationOutlined,
  PictureOutlined,
  PlayCircleOutlined,
  SearchOutlined,
  ThunderboltOutlined,
} from "@ant-design/icons";
import { Button, Input, InputNumber, Switch } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Block, type Kind, linkOf, partOf, typed } from "./design";
import { CategoryPick, Choice, CouponPick, Field, GoodsPick, LinkPick, PicturePick } from "./pickers";

/** The spec of a kind of block. */
type Spec<K extends Kind> = NonNullable<Block[K]>;

/** Changes fields of a spec; their names make typing one step of undo. */
type Change<S> = (patch: Partial<S>) => void;

/** One kind of block: its sign, what a new one is, and the form of its properties. */
interface Def<K extends Kind> {
  icon: ReactNode;
  fresh: () => Spec<K>;
  Form: (props: { spec: Spec<K>; set: Change<Spec<K>> }) => ReactNode;
  /** What tells it from others of its kind on the canvas. */
  says: (spec: Spec<K>) => string;
}

type Defs = { [K in Kind]: Def<K> };

function Title(props: { value: string; set: (title: string) => void }) {
  const { t } = useTranslation();
  return (
    <Field label={t("store.fields.title")}>
      <Input
        aria-label={t("store.fields.title")}
        value={props.value}
        maxLength={20}
        onChange={(e) => props.set(e.target.value)}
      />
    </Field>
  );
}

function Limit(props: { value: number; min: number; max: number; set: (n: number) => void }) {
  const { t } = useTranslation();
  return (
    <Field label={t("store.fields.limit")}>
      <InputNumber
        aria-label={t("store.fields.limit")}
        value={props.value}
        min={props.min}
        max={props.max}
        precision={0}
        onChange={(n) => props.set(n ?? props.min)}
      />
    </Field>
  );
}

function Words(props: {
  label: string;
  value: string;
  most: number;
  rows?: number;
  why?: string;
  set: (v: string) => void;
}) {
  return (
    <Field label={props.label} why={props.why}>
      {props.rows ? (
        <Input.TextArea
          aria-label={props.label}
          value={props.value}
          maxLength={props.most}
          autoSize={{ minRows: props.rows, maxRows: 10 }}
          onChange={(e) => props.set(e.target.value)}
        />
      ) : (
        <Input
          aria-label={props.label}
          value={props.value}
          maxLength={props.most}
          onChange={(e) => props.set(e.target.value)}
        />
      )}
    </Field>
  );
}

function Tick(props: { label: string; on: boolean; set: (on: boolean) => void }) {
  return (
    <div className="store-tick">
      <span>{props.label}</span>
      <Switch aria-label={props.label} size="small" checked={props.on} onChange={props.set} />
    </div>
  );
}

function BannerForm({ spec, set }: { spec: Spec<"banner">; set: Change<Spec<"banner">> }) {
  const { t } = useTranslation();
  type Slide = Spec<"banner">["slides"][number];
  const change = (at: number, patch: Partial<Slide>) =>
    set({ slides: spec.slides.map((s, i) => (i === at ? { ...s, ...patch } : s)) });
  return (
    <>
      <Choice
        label={t("store.fields.shape")}
        value={spec.shape}
        of={["wide", "square", "tall"]}
        name={(v) => t(`store.fields.shapes.${v}`)}
        onChange={(shape) => set({ shape })}
      />
      {spec.slides.map((s, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: slides have no other name
        <fieldset key={i} className="store-part">
          <legend>{t("store.fields.slide", { n: i + 1 })}</legend>
          <PicturePick
            label={t("store.fields.picture")}
            value={s.picture ?? ""}
            onChange={(picture) => change(i, { picture })}
          />
          {s.picture ? (
            <Words label={t("store.fields.alt")} value={s.alt ?? ""} most={60} set={(alt) => change(i, { alt })} />
          ) : null}
          <Words
            label={t("store.fields.headline")}
            value={s.headline ?? ""}
            most={24}
            set={(headline) => change(i, { headline })}
          />
          <Words label={t("store.fields.sub")} value={s.sub ?? ""} most={40} set={(sub) => change(i, { sub })} />
          <Choice
            label={t("store.fields.tone")}
            value={s.tone}
            of={["water", "ink", "amber", "mist"]}
            name={(v) => t(`store.fields.tones.${v}`)}
            onChange={(tone) => change(i, { tone })}
          />
          <LinkPick label={t("store.fields.link")} value={s.link} onChange={(link) => change(i, { link })} />
          {spec.slides.length > 1 ? (
            <Button
              size="small"
              type="text"
              danger
              onClick={() => set({ slides: spec.slides.filter((_, j) => j !== i) })}
            >
              {t("store.fields.slide_remove")}
            </Button>
          ) : null}
        </fieldset>
      ))}
      {spec.slides.length < 8 ? (
        <Button block onClick={() => set({ slides: [...spec.slides, { headline: "", sub: "", tone: "water" }] })}>
          {t("store.fields.slide_add")}
        </Button>
      ) : null}
    </>
  );
}

function GoodsForm({ spec, set }: { spec: Spec<"goods">; set: Change<Spec<"goods">> }) {
  const { t } = useTranslation();
  return (
    <>
      <Title value={spec.title} set={(title) => set({ title })} />
      <Choice
        label={t("store.fields.source")}
        value={spec.source}
        of={["picked", "category", "bestsellers", "newest"]}
        name={(v) => t(`store.fields.sources.${v}`)}
        onChange={(source) => set({ source })}
      />
      {spec.source === "picked" ? (
        <Field label={t("store.fields.goods")}>
          <GoodsPick
            label={t("store.fields.goods")}
            value={spec.goods}
            most={30}
            onChange={(goods) => set({ goods, limit: Math.max(1, goods.length) })}
          />
        </Field>
      ) : (
        <>
          {spec.source === "category" ? (
            <Field label={t("store.fields.category")}>
              <CategoryPick
                label={t("store.fields.category")}
                value={spec.category}
                onChange={(category) => set({ category })}
              />
            </Field>
          ) : null}
          <Limit value={spec.limit} min={1} max={30} set={(limit) => set({ limit })} />
        </>
      )}
      <Choice
        label={t("store.fields.layout")}
        value={spec.layout}
        of={["two", "three", "list", "row"]}
        name={(v) => t(`store.fields.layouts.${v}`)}
        onChange={(layout) => set({ layout })}
      />
      <LinkPick label={t("store.fields.more")} value={spec.more} onChange={(more) => set({ more })} />
    </>
  );
}

function TextForm({ spec, set }: { spec: Spec<"text">; set: Change<Spec<"text">> }) {
  const { t } = useTranslation();
  type Part = Spec<"text">["parts"][number];
  const change = (at: number, part: Part) => set({ parts: spec.parts.map((p, i) => (i === at ? part : p)) });
  return (
    <>
      {spec.parts.map((p, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name
        <fieldset key={i} className="store-part">
          <legend>{t("store.fields.part", { n: i + 1 })}</legend>
          <Choice
            label={t("store.fields.part_kind")}
            value={p.kind}
            of={["paragraph", "heading", "list"]}
            name={(v) => t(`store.fields.part_kinds.${v}`)}
            onChange={(kind) => change(i, partOf(kind, typed(p), linkOf(p)))}
          />
          <PartText part={p} set={(text) => change(i, partOf(p.kind, text, linkOf(p)))} />
          <LinkPick
            label={t("store.fields.part_link")}
            value={linkOf(p)}
            onChange={(link) => change(i, partOf(p.kind, typed(p), link))}
          />
          {spec.parts.length > 1 ? (
            <Button
              size="small"
              type="text"
              danger
              onClick={() => set({ parts: spec.parts.filter((_, j) => j !== i) })}
            >
              {t("store.fields.part_remove")}
            </Button>
          ) : null}
        </fieldset>
      ))}
      {spec.parts.length < 40 ? (
        <Button block onClick={() => set({ parts: [...spec.parts, { kind: "paragraph", spans: [] }] })}>
          {t("store.fields.part_add")}
        </Button>
      ) : null}
    </>
  );
}

/** The text of a part while it is typed: what is not whole yet, such as an empty line of a list, is kept here. */
function PartText({ part, set }: { part: Spec<"text">["parts"][number]; set: (text: string) => void }) {
  const { t } = useTranslation();
  const shown = typed(part);
  const [draft, setDraft] = useState(shown);
  const same = typed(partOf(part.kind, draft, linkOf(part))) === shown;
  return (
    <Words
      label={t("store.fields.text")}
      why={t("store.fields.part_why")}
      value={same ? draft : shown}
      most={2000}
      rows={part.kind === "heading" ? 1 : 3}
      set={(text) => {
        setDraft(text);
        set(text);
      }}
    />
  );
}

function VideoForm({ spec, set }: { spec: Spec<"video">; set: Change<Spec<"video">> }) {
  const { t } = useTranslation();
  return (
    <>
      <Words
        label={t("store.fields.video")}
        why={t("store.fields.video_why")}
        value={spec.url}
        most={500}
        set={(url) => set({ url })}
      />
      <Words label={t("store.fields.title")} value={spec.title} most={40} set={(title) => set({ title })} />
      <PicturePick label={t("store.fields.poster")} value={spec.poster} onChange={(poster) => set({ poster })} />
    </>
  );
}

/** Every kind of block, in the order of the palette: one that is missing here is a type error. */
export const kinds = {
  search: {
    icon: <SearchOutlined />,
    fresh: () => ({ placeholder: "" }),
    says: (s) => s.placeholder,
    Form: ({ spec, set }) => {
      const { t } = useTranslation();
      return (
        <Words
          label={t("store.fields.placeholder")}
          value={spec.placeholder}
          most={30}
          set={(placeholder) => set({ placeholder })}
        />
      );
    },
  },
  banner: {
    icon: <PictureOutlined />,
    fresh: () => ({ shape: "wide", slides: [{ headline: "写一句话", sub: "", tone: "water" }] }),
    says: (s) => s.slides[0]?.headline || s.slides[0]?.alt || "",
    Form: BannerForm,
  },
  goods: {
    icon: <AppstoreOutlined />,
    fresh: () => ({ title: "大家都在买", source: "bestsellers", goods: [], category: "", limit: 6, layout: "two" }),
    says: (s) => s.title,
    Form: GoodsForm,
  },
  flash: {
    icon: <ThunderboltOutlined />,
    fresh: () => ({ title: "限时秒杀", limit: 3 }),
    says: (s) => s.title,
    Form: ({ spec, set }) => {
      const { t } = useTranslation();
      return (
        <>
          <Title value={spec.title} set={(title) => set({ title })} />
          <Limit value={spec.limit} min={1} max={12} set={(limit) => set({ limit })} />
          <p className="hs-secondary">{t("store.fields.flash_why")}</p>
        </>
      );
    },
  },
  coupon: {
    icon: <GiftOutlined />,
    fresh: () => ({ title: "领优惠券", coupons: [] }),
    says: (s) => s.title,
    Form: ({ spec, set }) => {
      const { t } = useTranslation();
      return (
        <>
          <Title value={spec.title} set={(title) => set({ title })} />
          <Field label={t("store.fields.coupons")} why={t("store.fields.coupons_why")}>
            <CouponPick
              label={t("store.fields.coupons")}
              value={spec.coupons}
              onChange={(coupons) => set({ coupons })}
            />
          </Field>
        </>
      );
    },
  },
  notice: {
    icon: <NotificationOutlined />,
    fresh: () => ({ text: "今天 16 点前的订单当天发出" }),
    says: (s) => s.text,
    Form: ({ spec, set }) => {
      const { t } = useTranslation();
      return (
        <>
          <Words label={t("store.fields.text")} value={spec.text} most={120} rows={2} set={(text) => set({ text })} />
          <LinkPick label={t("store.fields.link")} value={spec.link} onChange={(link) => set({ link })} />
        </>
      );
    },
  },
  text: {
    icon: <AlignLeftOutlined />,
    fresh: () => ({ parts: [{ kind: "paragraph", spans: [{ text: "写点什么" }] }] }),
    says: (s) => (s.parts[0] ? typed(s.parts[0]) : ""),
    Form: TextForm,
  },
  video: {
    icon: <PlayCircleOutlined />,
    fresh: () => ({ title: "", url: "", poster: "" }),
    says: (s) => s.title || s.url,
    Form: VideoForm,
  },
  member: {
    icon: <IdcardOutlined />,
    fresh: () => ({ points: true, coupons: true, balance: true }),
    says: () => "",
    Form: ({ spec, set }) => {
      const { t } = useTranslation();
      return (
        <>
          <Tick label={t("store.fields.points")} on={spec.points} set={(points) => set({ points })} />
          <Tick label={t("store.fields.my_coupons")} on={spec.coupons} set={(coupons) => set({ coupons })} />
          <Tick label={t("store.fields.balance")} on={spec.balance} set={(balance) => set({ balance })} />
        </>
      );
    },
  },
  recommended: {
    icon: <HeartOutlined />,
    fresh: () => ({ title: "为你推荐", limit: 8 }),
    says: (s) => s.title,
    Form: ({ spec, set }) => {
      const { t } = useTranslation();
      return (
        <>
          <Title value={spec.title} set={(title) => set({ title })} />
          <Limit value={spec.limit} min={2} max={20} set={(limit) => set({ limit })} />
          <p className="hs-secondary">{t("store.fields.recommended_why")}</p>
        </>
      );
    },
  },
} satisfies Defs;

/** A kind's definition, as one that takes any spec: the block's own is always of its kind. */
const of = (kind: Kind) => kinds[kind] as unknown as Def<Kind>;

/** A new block of a kind. */
export function freshBlock(kind: Kind, id: string): Block {
  return { id, kind, [kind]: of(kind).fresh() };
}

/** What a block says on the canvas beside its kind. */
export function saysOf(block: Block): string {
  const spec = block[block.kind];
  return spec ? of(block.kind).says(spec as never) : "";
}

/** The properties of a block. */
export function BlockForm(props: { block: Block; onChange: (block: Block, field: string) => void }) {
  const { block } = props;
  const spec = block[block.kind];
  if (!spec) {
    return null;
  }
  const Form = of(block.kind).Form;
  return (
    <Form
      spec={spec as never}
      set={(patch) =>
        props.onChange({ ...block, [block.kind]: { ...spec, ...patch } } as Block, Object.keys(patch).join())
      }
    />
  );
}
