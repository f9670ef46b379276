import type { lookup, LookupAddress } from "node:dns";
import { isIPv6 } from "node:net";

/** Resolves every name to what `answer` says, and remembers what it was asked. */
export const resolver = (
  answer: (name: string) => readonly string[],
): { readonly resolve: typeof lookup; readonly asked: string[] } => {
  const asked: string[] = [];
  const found = (name: string): readonly LookupAddress[] =>
    answer(name).map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const resolve = (name: string, _: unknown, callback: (error: null, all: readonly LookupAddress[]) => void): void => {
    asked.push(name);
    callback(null, found(name));
  };
  // The shape of dns.lookup with `all`, which is all the agents use.
  return { resolve: resolve as unknown as typeof lookup, asked };
};
