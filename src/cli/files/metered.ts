import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import type { ProgressView } from "../terminal/progress-view.ts";

/** Passes a response on and tells how much came. What was promised and did not come is an error: it is not whole. */
export const metered = (response: IncomingMessage, { view }: { readonly view: ProgressView }): Transform => {
  const promised = Number(response.headers["content-length"] ?? Number.NaN);
  const isPromised = !Number.isNaN(promised);
  let bytes = 0;
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      bytes += part.length;
      const percent = isPromised && promised > 0 ? Math.floor((bytes / promised) * 100) : 0;
      view.show({ phase: "Receiving", percent, bytes, totalBytes: isPromised ? promised : 0, secondsLeft: null });
      done(null, part);
    },
    flush(done) {
      const isWhole = response.complete && (!isPromised || bytes === promised);
      done(isWhole ? null : new Error("the connection was cut before the end"));
    },
  });
};
