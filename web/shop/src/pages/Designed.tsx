import { $api, problemOf } from "../api";
import { Blocks } from "../blocks/Blocks";
import { Screen } from "../components/Screen";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick } from "../i18n";
import { Link } from "../router";
import * as both from "../words/blocks";
import * as common from "../words/common";

const words = pick(both);
const shared = pick(common);

/** A page that the brand designed: a campaign, its story, whatever its blocks say. */
export default function Designed({ params }: { params: { name?: string } }) {
  const page = useDesigned(params.name ?? "");
  return (
    <Screen title={page.data?.title ?? shared.store} up="/" busy={page.isPending}>
      {page.isSuccess ? (
        <Blocks page={page.data} />
      ) : page.isPending ? (
        <Skeleton lines={4} high={120} />
      ) : problemOf(page.error).status === 404 ? (
        <Empty title={words.no_page} why={words.no_page_why}>
          <Link to="/" className="primary">
            {shared.to_home}
          </Link>
        </Empty>
      ) : (
        <ErrorState error={page.error} again={() => void page.refetch()} />
      )}
    </Screen>
  );
}

/** A page of the store with everything it shows, as she who asks sees it. */
export function useDesigned(name: string) {
  return $api.useQuery(
    "get",
    "/api/v1/shop/pages/{name}",
    { params: { path: { name } } },
    { staleTime: 10_000, retry: false },
  );
}
