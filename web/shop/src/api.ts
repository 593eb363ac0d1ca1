import { api, problemOf, type Schema, UnauthorizedEvent } from "@huoshui/api";
import { QueryClient, useQuery } from "@tanstack/react-query";
import { tellTime } from "./clock";
import { keep, kept, secret } from "./kept";

export { $api, allItems, api, keyset, problemOf, type Schema } from "@huoshui/api";

const guestName = "hs.guest";

/** The name of the guest's cart, unguessable since it is the key to it; made when it is first needed. */
export function guest(): string {
  const name = kept(guestName) || secret();
  keep(guestName, name);
  return name;
}

/** Forgets the guest's cart: it has become the customer's. */
export function forgetGuest() {
  keep(guestName, "");
}

/** Whether this browser may have a cart although nobody signed in. */
export const hasGuest = () => kept(guestName) !== "";

api.use({
  onRequest({ request }) {
    if (hasGuest()) {
      request.headers.set("X-Guest", guest());
    }
    return request;
  },
});

/** What the server put into the page: answers by their address, and who is signed in. */
interface First {
  me: Schema<"ShopMe"> | null;
  demo: boolean;
  wechat: boolean;
  answers: Record<string, unknown>;
}

function first(): First | undefined {
  const text = document.getElementById("first")?.textContent;
  return text ? (JSON.parse(text) as First) : undefined;
}

/** The answers of the server that the browser remembers. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) => failures < 2 && problemOf(error).status === 0,
      refetchOnWindowFocus: true,
    },
  },
});

let demo = false;
let wechat = false;

/** Whether this is the demo brand, where texts go to a simulated phone. */
export const isDemo = () => demo || import.meta.env.DEV;

/** Whether one can sign in by WeChat here: inside WeChat, or in the demo brand, where WeChat is simulated. */
export const byWechat = () => wechat && (demo || /MicroMessenger/i.test(navigator.userAgent));

/** Takes over what the server put into the page: nothing on it is asked for a second time. */
export function takeFirst() {
  const given = first();
  if (!given) {
    return;
  }
  demo = given.demo;
  wechat = given.wechat;
  if (given.me && hasGuest()) {
    void adopt();
  }
  tellTime(given.me?.now);
  queries.setQueryData(meKey, given.me);
  for (const [address, answer] of Object.entries(given.answers)) {
    queries.setQueryData(keyOf(address), answer);
  }
}

/** The key under which openapi-react-query keeps a GET: `/api/v1/shop/goods/{id}?id=…` is written path first, then its values. */
function keyOf(address: string): readonly unknown[] {
  const [path = "", values] = address.split(" ");
  return values ? ["get", path, JSON.parse(values)] : ["get", path];
}

const meKey = ["me"] as const;

/** Who is signed in: undefined while it is asked, null for a guest. */
export function useMe(): Schema<"ShopMe"> | null | undefined {
  return useQuery({
    queryKey: meKey,
    staleTime: 60_000,
    queryFn: async () => {
      const { data, error, response } = await api.GET("/api/v1/shop/me");
      if (response.status === 401) {
        return null;
      }
      if (error) {
        throw error;
      }
      tellTime(data?.now);
      return data ?? null;
    },
  }).data;
}

/** What she had in the cart as a guest is hers, whichever way she signed in. */
async function adopt() {
  const { response } = await api.POST("/api/v1/shop/cart/adopt", { params: { header: { "X-Guest": guest() } } });
  if (response.ok) {
    forgetGuest();
    await changedMe();
  }
}

/** Who is signed in has changed: everything that was hers is asked for again. */
export async function changedMe() {
  queries.removeQueries({ predicate: (q) => q.queryKey[0] !== "me" && isHers(q.queryKey) });
  await queries.invalidateQueries({ queryKey: meKey });
}

const public_ = ["/api/v1/shop/goods", "/api/v1/shop/goods/{id}", "/api/v1/shop/categories", "/api/v1/shop/flash"];

function isHers(key: readonly unknown[]): boolean {
  return !public_.includes(String(key[1]));
}

window.addEventListener(UnauthorizedEvent, () => queries.setQueryData(meKey, null));

/** The address of a picture, at least so many pixels wide. */
export const pictureURL = (id: string, width: number) => `/media/${encodeURIComponent(id)}?w=${width}`;
