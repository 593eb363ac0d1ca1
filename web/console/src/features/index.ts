import type { Feature } from "../shell/feature";
import { account } from "./account";
import { demo } from "./demo";
import { layers } from "./layers";
import { overview } from "./overview";
import { settings } from "./settings";
import { staff } from "./staff";

/** Every feature of the console, one line each; the navigation orders itself by section and `order`. */
export const features: readonly Feature[] = [demo, overview, layers, settings, staff, account];
