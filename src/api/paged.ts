import { countOf, queryOf } from "./call-values.ts";
import type { RouteCall } from "./handle.ts";
import { absoluteUrl } from "./long-running.ts";
import { json, type ApiResponse } from "./response.ts";
import { page } from "./wire/page.ts";

const mostInPage = 1_000;

interface Listed<Item> {
  /** In the order of their keys. */
  readonly all: readonly Item[];
  /** Names an item for good: the next page begins behind it, whatever was deleted meanwhile. */
  readonly keyOf: (item: Item) => string | number;
  readonly show: (item: Item) => object;
}

/**
 * A page as ARM has it, and the way to the next one, absolute because old clients do not resolve a relative one. Clients
 * follow it by GET, and those before 2022 by POST where they had posted: such a path has to answer both.
 */
export const paged = <Item>(call: RouteCall, { all, keyOf, show }: Listed<Item>): ApiResponse => {
  const top = countOf(call, "$top", mostInPage);
  const token = queryOf(call, "$skipToken");
  const left = token === undefined ? all : all.filter((item) => isBehind(keyOf(item), token));
  const shown = left.slice(0, top ?? mostInPage);
  const last = shown.at(-1);
  const nextLink =
    last === undefined || shown.length === left.length
      ? null
      : absoluteUrl(
          call,
          `${call.request.url.pathname}?${top === undefined ? "" : `$top=${top}&`}$skipToken=${encodeURIComponent(keyOf(last))}`,
        );
  return json(200, page(shown.map(show), nextLink));
};

const isBehind = (key: string | number, token: string): boolean =>
  typeof key === "number" ? key > Number(token) : key > token;
