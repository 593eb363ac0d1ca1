// Writes packages/ui/src/divisions-data.ts from the npm package @vant/area-data, wherever it was unpacked:
//   npm pack @vant/area-data && tar xzf vant-area-data-*.tgz && node build/divisions.mjs package
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const folder = resolve(process.argv[2] ?? "package");
const { areaList } = createRequire(import.meta.url)(`${folder}/dist/index.cjs`);
const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
const licence = readFileSync(`${folder}/LICENSE`, "utf8").trim();
const all = [
  ...Object.entries(areaList.province_list).map(([code, name]) => [code.slice(0, 2), name]),
  ...Object.entries(areaList.city_list).map(([code, name]) => [code.slice(0, 4), name]),
  ...Object.entries(areaList.county_list),
].sort(([a], [b]) => (a < b ? -1 : 1));
const lines = all.map(([code, name]) => code + name.trim());
writeFileSync(
  resolve(import.meta.dirname, "../packages/ui/src/divisions-data.ts"),
  `/*
The administrative divisions of China by code (GB/T 2260, and codes of towns where a city has no districts): provinces have two digits,
cities four, districts six. Made by build/divisions.mjs from @vant/area-data ${version}.

${licence}
*/
export default \`${lines.join("\n")}\`;
`,
);
