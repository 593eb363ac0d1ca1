import "./tokens.css";
import "./ui.css";

export { Chart, type ChartClick, type ChartTable, escapeHTML, moneyAxis } from "./chart";
export { present, setAhead, useAhead } from "./clock";
export { type Danger, useConfirmDanger } from "./danger";
export { RowDrawer } from "./drawer";
export { type Effect, EffectInterval, percentagePoints, verdictOf } from "./effect";
export * from "./format";
export { type Catalogue, type SameKeys, uiCatalogue } from "./i18n";
export { Interval, type Verdict, verdict } from "./interval";
export {
  type Asked,
  Empty,
  ErrorID,
  ErrorNote,
  Loaded,
  Loading,
  Page,
  Panel,
  problemKey,
  useProblemText,
  Why,
} from "./page";
export { PeopleCount, PeopleDrawer, type Person } from "./people";
export { antTheme, type Reader, UIProvider, useReader } from "./provider";
export { ProgressRun, secondsLeft } from "./run";
export { Cards, Facts, Spark, StatCard } from "./stat";
export { type Column, DataTable, type ListQuery, SearchBox, wholeList } from "./table";
export type { Filter, TableState } from "./table-state";
export { cssVariables, fontFamily, type LayerCode, layerCodes, type Palette, palette, type Theme } from "./tokens";
export { Count, LayerTag, Money, None, Percent, Status, type Tone, When } from "./values";
