import { isUtf8 } from "node:buffer";

/** A request's target, split and decoded once. `search` is as it was sent, with its question mark, or empty. */
export type RequestPath = { readonly path: string; readonly search: string };

/** Decodes `%C3%A9...`; bytes that are no UTF-8 stay as they were written. In one pass: anybody may send thousands of them. */
const decodeRun = (run: string): string => {
  const bytes = Buffer.from(run.replaceAll("%", ""), "hex");
  if (isUtf8(bytes)) return bytes.toString();
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((one) => isUtf8(bytes.subarray(at, at + one)));
    pieces.push(length === undefined ? run.slice(at * 3, at * 3 + 3) : bytes.toString("utf8", at, at + length));
    at += length ?? 1;
  }
  return pieces.join("");
};

/** Percent-decodes once. `%2F` stays, so that a slash in a value is told from one between segments; so does a lone `%`. */
const decodePath = (path: string): string =>
  path
    .split(/(%2f)/i)
    .map((piece, index) => (index % 2 === 1 ? piece : piece.replaceAll(/(?:%[\da-f]{2})+/gi, decodeRun)))
    .join("");

/** Resolves `.` and `..`; everything else, empty segments too, stays. */
const resolveDots = (path: string): string => {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment === "..") kept.pop();
    if (segment !== "." && segment !== "..") kept.push(segment);
    else if (isLast) kept.push("");
  });
  return `/${kept.join("/")}`;
};

/** Reads a request target; undefined means 400. The path keeps its first slash. */
export const parseRequestPath = (target: string): RequestPath | undefined => {
  const local = target.startsWith("/") ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  const search = mark === -1 ? "" : local.slice(mark);
  const raw = mark === -1 ? local : local.slice(0, mark);
  if (raw !== "" && !raw.startsWith("/")) return undefined;
  if (!/[%.]/.test(raw)) return { path: raw === "" ? "/" : raw, search };
  if (/%00/.test(raw)) return undefined;
  return { path: resolveDots(decodePath(raw)), search };
};

/** Writes a decoded path as the host's forwarder does: also the `%` of a kept `%2F` is encoded. */
export const encodePath = (path: string): string =>
  /^[\w.~!$&'()*+,;=:@/-]*$/.test(path)
    ? path
    : path.replaceAll(/[^\w.~!$&'()*+,;=:@/-]+/g, (run) => encodeURIComponent(run));
