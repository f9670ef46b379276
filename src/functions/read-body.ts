import { refuse } from "../domain/errors.ts";

interface BodyLimits {
  readonly bytes: number;
  /** For the whole body: who sends a byte now and then must not hold a request open for ever. */
  readonly withinMs: number;
}

/** A request's body as text. Refuses one that is too large, too slow, broken off, or no text. */
export const readBody = async (body: AsyncIterable<Uint8Array>, { bytes, withinMs }: BodyLimits): Promise<string> => {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const late = new Promise<never>((_, reject) => {
    const reason = `it took longer than ${withinMs / 1000} seconds. Send it again.`;
    timer = setTimeout(() => reject(refuse("BodyIncomplete", { reason })), withinMs);
  });
  const iterator = body[Symbol.asyncIterator]();
  const leave = (): void => void iterator.return?.().catch(() => undefined); // Nothing of it is wanted any more.
  const whole = async (): Promise<string> => {
    const parts: Uint8Array[] = [];
    for (let received = 0; ;) {
      const next = await iterator.next().catch(brokenOff);
      // Too late: nobody waits for it any more.
      if (next.done === true || isOver) return textOf(Buffer.concat(parts));
      received += next.value.byteLength;
      if (received > bytes) throw refuse("BodyTooLarge", { limit: bytes });
      parts.push(next.value);
    }
  };
  try {
    // Once, for all of it: `late` keeps whoever waits for it until it settles.
    return await Promise.race([whole(), late]);
  } catch (error) {
    leave();
    throw error;
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
};

/** Of other bytes a name or a password would become another one. */
const textOf = (bytes: Buffer): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw refuse("InvalidBody", { reason: "it is not UTF-8." }, { cause: error });
  }
};

/** The caller has gone, or the connection; that is nobody's failure here. */
const brokenOff = (cause: unknown): never => {
  throw refuse("BodyIncomplete", { reason: "the connection broke off. Send it again." }, { cause });
};
