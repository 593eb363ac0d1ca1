import type { Schema } from "@huoshui/api";

const hues: Record<string, [string, string]> = {
  猫粮: ["#e3f2f3", "#0e7c86"],
  狗粮: ["#fdf3e2", "#b06a00"],
  猫零食: ["#fbebe9", "#b0506f"],
  狗零食: ["#f3ecfa", "#7a4fb5"],
  猫砂: ["#eaf1fd", "#2f6fd0"],
  清洁护理: ["#eaf5ee", "#3d8158"],
  玩具: ["#f1f4f6", "#51626d"],
};

const shapes: Record<string, string> = {
  猫粮: "M30 26 h40 l4 10 v46 q0 6 -6 6 h-36 q-6 0 -6 -6 v-46 z M30 26 q20 8 40 0",
  狗粮: "M28 24 h44 l4 12 v48 q0 6 -6 6 h-40 q-6 0 -6 -6 v-48 z M28 24 q22 9 44 0",
  猫零食: "M26 44 q24 -12 48 0 v30 q-24 12 -48 0 z M26 44 q24 12 48 0",
  狗零食: "M30 46 a9 9 0 1 1 8 -12 h24 a9 9 0 1 1 8 12 a9 9 0 1 1 -8 12 h-24 a9 9 0 1 1 -8 -12",
  猫砂: "M24 34 h52 v48 q0 4 -4 4 h-44 q-4 0 -4 -4 z M24 34 l6 -10 h40 l6 10",
  清洁护理: "M40 24 h20 v10 q10 4 10 16 v32 q0 6 -6 6 h-28 q-6 0 -6 -6 v-32 q0 -12 10 -16 z",
  玩具: "M50 28 a26 26 0 1 1 -0.1 0 M28 46 q22 12 44 0 M32 70 q18 -10 36 0",
};

/** A product as a drawing in the hue of its category; a paw says for whom it is. */
export function Picture({ ware, large }: { ware: Schema<"DemoWare">; large?: boolean }) {
  const [ground, ink] = hues[ware.category] ?? ["#f1f4f6", "#51626d"];
  return (
    <svg className={large ? "picture large" : "picture"} viewBox="0 0 100 112" role="img" aria-label={ware.name}>
      <rect width="100" height="112" rx="8" fill={ground} />
      <path d={shapes[ware.category] ?? shapes.玩具} fill="#fff" stroke={ink} strokeWidth="2" strokeLinejoin="round" />
      <g fill={ink} transform={ware.pet === "dog" ? "translate(50 62) scale(1.1)" : "translate(50 62)"}>
        <ellipse cx="0" cy="3" rx="6" ry="5" />
        <circle cx="-7" cy="-3" r="2.4" />
        <circle cx="-2.6" cy="-6.4" r="2.4" />
        <circle cx="2.6" cy="-6.4" r="2.4" />
        <circle cx="7" cy="-3" r="2.4" />
      </g>
    </svg>
  );
}
