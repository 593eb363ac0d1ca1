import type { Feature } from "../shell/feature";
import { account } from "./account";
import { board } from "./board";
import { campaigns } from "./campaigns";
import { collect } from "./collect";
import { content } from "./content";
import { customers } from "./customers";
import { demo } from "./demo";
import { finance } from "./finance";
import { groupbuy } from "./groupbuy";
import { identity } from "./identity";
import { imports } from "./imports";
import { layers } from "./layers";
import { overview } from "./overview";
import { promo } from "./promo";
import { sales } from "./sales";
import { segments } from "./segments";
import { settings } from "./settings";
import { staff } from "./staff";
import { store } from "./store";
import { strategies } from "./strategies";
import { tags } from "./tag";
import { tasks } from "./tasks";
import { warning } from "./warning";

/** Every feature of the console, one line each; the navigation orders itself by section and `order`. */
export const features: readonly Feature[] = [
  demo,
  overview,
  customers,
  imports,
  collect,
  campaigns,
  layers,
  warning,
  segments,
  identity,
  tags,
  strategies,
  content,
  board,
  finance,
  groupbuy,
  tasks,
  store,
  promo,
  sales,
  settings,
  staff,
  account,
];
