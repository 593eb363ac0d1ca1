import type { Schema } from "../api";

/** A page as a person sees it, with all it shows. */
export type Page = Schema<"StorefrontShown">;
/** A block with what it shows. */
export type Block = Page["blocks"][number];
/** What a block is. */
export type Kind = Block["kind"];
/** Goods in a block. */
export type Card = NonNullable<Block["cards"]>[number];
/** A coupon that can be claimed. */
export type Offer = NonNullable<Block["offers"]>[number];
/** A flash sale in a block. */
export type Sale = NonNullable<Block["sales"]>[number];
/** Something of the store that a block leads to. */
export type Target = NonNullable<NonNullable<Block["notice"]>["link"]>;

/** What every block is given beside itself. */
export interface Around {
  page: Page;
  /** It is one of the first two: its pictures are what one sees first. */
  first: boolean;
}

/** The place of the store that a link leads to. */
export function placeOf(link: Target): string {
  const id = encodeURIComponent(link.id);
  switch (link.to) {
    case "goods":
      return `/p/${id}`;
    case "category":
      return `/categories/${id}`;
    case "page":
      return link.id === "home" ? "/" : `/page/${id}`;
    case "coupon":
      return "/coupons";
  }
}
