import { pathBytes, pathFromBytes, type BytePath } from "../domain/byte-path.ts";
import type { RouteCall } from "./handle.ts";

/**
 * Query values that are file paths. They are bytes, not text, so they are decoded by themselves: `%E9` stays the one
 * byte it is. Slashes around a path do not count. All values of the name, in order.
 */
export const pathQueries = (call: RouteCall, wanted: string, { keepSlashes = false } = {}): readonly BytePath[] =>
  call.request.url.search
    .slice(1)
    .split("&")
    .flatMap((pair) => {
      const [name = "", ...value] = pair.split("=");
      const path = decoded(value.join("="));
      return name.toLowerCase() === wanted ? [keepSlashes ? path : trimmed(path)] : [];
    });

export const pathQuery = (call: RouteCall, wanted: string): BytePath | undefined => pathQueries(call, wanted)[0];

const decoded = (value: string): BytePath =>
  pathFromBytes(
    Buffer.from(
      value
        .replaceAll("+", " ")
        .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
      "latin1",
    ),
  );

// The cast is safe: a part of a byte path.
const trimmed = (path: string): BytePath => path.replace(/^\/+|\/+$/g, "") as BytePath;

/** A path as a query value. */
export const pathInQuery = (path: BytePath): string =>
  [...pathBytes(path)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._~/-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
