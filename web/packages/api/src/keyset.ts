/** A page of a list: what is on it, where the next one starts ("" when there is none), and how many there are. */
export interface KeysetPage<Row> {
  items: Row[];
  next?: string;
  total?: number;
  total_is_estimate?: boolean;
}

/** Options of `$api.useInfiniteQuery` for every list of the API. */
export const keyset = {
  pageParamName: "after",
  initialPageParam: "",
  getNextPageParam: (page: unknown): string | undefined => (page as KeysetPage<unknown>).next || undefined,
};

/** Every row of the pages that have come so far. */
export function allItems<Row>(pages: readonly KeysetPage<Row>[] | undefined): Row[] {
  return pages?.flatMap((page) => page.items) ?? [];
}
