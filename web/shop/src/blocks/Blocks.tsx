import "./blocks.css";
import { Banner } from "./Banner";
import { Coupons } from "./Coupons";
import { Flash } from "./Flash";
import { Goods, Recommended } from "./Goods";
import type { Around, Block, Kind, Page } from "./kinds";
import { Member } from "./Member";
import { Notice, RichText, Search, Video } from "./plain";

/** How a kind of block is drawn; null draws nothing, as of coupons that are all gone. */
interface Def {
  Draw: (props: { block: Block } & Around) => React.ReactNode;
}

/** Every kind of block: one that is missing here is a type error. */
const kinds = {
  search: { Draw: Search },
  banner: { Draw: Banner },
  goods: { Draw: Goods },
  flash: { Draw: Flash },
  coupon: { Draw: Coupons },
  notice: { Draw: Notice },
  text: { Draw: RichText },
  video: { Draw: Video },
  member: { Draw: Member },
  recommended: { Draw: Recommended },
} satisfies Record<Kind, Def>;

/** A page's blocks, one below the other. A block of a newer store than this page knows is left out. */
export function Blocks({ page, chosen }: { page: Page; chosen?: string }) {
  return (
    <div className="blocks">
      {page.blocks.map((block, i) => {
        const Draw = kinds[block.kind]?.Draw;
        return Draw ? (
          <div
            key={block.id}
            className="block"
            data-block={block.id}
            data-kind={block.kind}
            data-chosen={block.id === chosen || undefined}
          >
            <Draw block={block} page={page} first={i < 3} />
          </div>
        ) : null;
      })}
    </div>
  );
}
