import type { Feature } from "../shell/feature";
import { account } from "./account";
import { aftersale } from "./aftersale";
import { board } from "./board";
import { campaigns } from "./campaigns";
import { collect } from "./collect";
import { content } from "./content";
import { customers } from "./customers";
import { demo } from "./demo";
import { finance } from "./finance";
import { flash } from "./flash";
import { goods } from "./goods";
import { groupbuy } from "./groupbuy";
import { identity } from "./identity";
import { imports } from "./imports";
import { launches } from "./launches";
import { layers } from "./layers";
import { overview } from "./overview";
import { presale } from "./presale";
import { product } from "./product";
import { promo } from "./promo";
import { review } from "./review";
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
  launches,
  layers,
  warning,
  segments,
  identity,
  tags,
  strategies,
  content,
  board,
  product,
  finance,
  groupbuy,
  presale,
  tasks,
  store,
  promo,
  goods,
  sales,
  flash,
  aftersale,
  review,
  settings,
  staff,
  account,
];
