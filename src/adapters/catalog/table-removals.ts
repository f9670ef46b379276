import { AsyncLocalStorage } from "node:async_hooks";
import type { TableServiceClientOptions } from "@azure/data-tables";

const etagsOfRequest = new AsyncLocalStorage<readonly string[]>();

/** Runs `submitTransaction` so that its n-th deletion has the n-th etag as its condition. */
export const withRemovalEtags = <Result>(etags: readonly string[], submit: () => Promise<Result>): Promise<Result> =>
  etagsOfRequest.run(etags, submit);

/**
 * The SDK (13.3) sends every deletion of a transaction with `If-Match: *`, whatever it is given. This policy puts the
 * right condition into the assembled body; deletions have no content of their own, so their parts are theirs alone.
 */
export const removalEtagsPolicy: NonNullable<TableServiceClientOptions["additionalPolicies"]>[number] = {
  position: "perCall",
  policy: {
    name: "removalEtags",
    sendRequest: (request, next) => {
      const etags = [...(etagsOfRequest.getStore() ?? [])];
      const body = typeof request.body === "string" ? request.body : "";
      const boundary = /boundary=(changeset_[\w-]+)/.exec(body)?.[1];
      if (etags.length > 0 && boundary !== undefined) {
        const parts = body.split(`--${boundary}\r\n`).map((part) => withEtag(part, etags));
        request.body = parts.join(`--${boundary}\r\n`);
      }
      if (etags.length > 0) throw new Error("The deletions of a transaction were not found in its body.");
      return next(request);
    },
  },
};

const withEtag = (part: string, etags: string[]): string => {
  if (!/^content-type: application\/http\r\n[^\r\n]*\r\n\r\nDELETE /i.test(part)) return part;
  const etag = etags.shift();
  const changed = part.replace(/^if-match: \*\r$/im, () => `if-match: ${etag}\r`);
  if (etag === undefined || (changed === part && etag !== "*"))
    throw new Error("A deletion of a transaction takes no condition.");
  return changed;
};
