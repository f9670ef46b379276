import { refuse } from "../domain/errors.ts";

interface BodyLimits {
  readonly bytes: number;
  /** For the whole body: who sends a byte now and then must not hold a request open for ever. */
  readonly withinMs: number;
}

/** A request's body as text. Refuses one that is too large, too slow, or broken off. */
export const readBody = async (body: AsyncIterable<Uint8Array>, { bytes, withinMs }: BodyLimits): Promise<string> => {
  const parts: Uint8Array[] = [];
  let received = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const reason = `it took longer than ${withinMs / 1000} seconds. Send it again.`;
    timer = setTimeout(() => reject(refuse("BodyIncomplete", { reason })), withinMs);
  });
  const iterator = body[Symbol.asyncIterator]();
  const leave = (): void => void iterator.return?.().catch(() => undefined); // Nothing of it is wanted any more.
  try {
    for (;;) {
      const next = await Promise.race([iterator.next().catch(brokenOff), late]);
      if (next.done === true) return Buffer.concat(parts).toString("utf8");
      received += next.value.byteLength;
      if (received > bytes) throw refuse("BodyTooLarge", { limit: bytes });
      parts.push(next.value);
    }
  } catch (error) {
    leave();
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/** The caller has gone, or the connection; that is nobody's failure here. */
const brokenOff = (cause: unknown): never => {
  throw refuse("BodyIncomplete", { reason: "the connection broke off. Send it again." }, { cause });
};
