import type { Feature } from "../shell/feature";
import { account } from "./account";
import { overview } from "./overview";
import { settings } from "./settings";
import { staff } from "./staff";

/** Every feature of the console, one line each; the navigation orders itself by section and `order`. */
export const features: readonly Feature[] = [overview, settings, staff, account];
