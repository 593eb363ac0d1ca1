import type { Feature } from "../shell/feature";
import { account } from "./account";
import { customers } from "./customers";
import { demo } from "./demo";
import { imports } from "./imports";
import { layers } from "./layers";
import { overview } from "./overview";
import { segments } from "./segments";
import { settings } from "./settings";
import { staff } from "./staff";

/** Every feature of the console, one line each; the navigation orders itself by section and `order`. */
export const features: readonly Feature[] = [demo, overview, customers, imports, layers, segments, settings, staff, account];
