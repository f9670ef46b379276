import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import type { ProgressView } from "./progress-view.ts";

/** Passes a response on and tells how much came. What was promised and did not come is an error: it is not whole. */
export const metered = (
  response: IncomingMessage,
  { view, totalBytes }: { readonly view: ProgressView; readonly totalBytes: number },
): Transform => {
  const promised = Number(response.headers["content-length"] ?? Number.NaN);
  const total = Number.isNaN(promised) ? totalBytes : promised;
  let bytes = 0;
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      bytes += part.length;
      const percent = total === 0 ? 0 : Math.min(100, Math.floor((bytes / total) * 100));
      view.show({
        phase: "Receiving",
        percent,
        bytes,
        totalBytes: Number.isNaN(promised) ? 0 : promised,
        secondsLeft: null,
      });
      done(null, part);
    },
    flush(done) {
      const isWhole = response.complete && (Number.isNaN(promised) || bytes === promised);
      done(isWhole ? null : new Error("the connection was cut before the end"));
    },
  });
};
