/** The Functions host that the suite in test/host talks to. */
type FunctionsHost = {
  readonly url: string;
  readonly masterKey: string;
  /** A host of the cloud or of core tools, not the devhost. */
  readonly isReal: boolean;
  /** What starts another devhost; nothing where a real host is asked. */
  readonly program: string;
};

declare module "vitest" {
  interface ProvidedContext {
    readonly functionsHost: FunctionsHost;
  }
}

/** The host named by the environment; undefined when the suite is to start the devhost. */
export const namedHost = (): FunctionsHost | undefined => {
  const { LIFEBOAT_HOST_URL: url, LIFEBOAT_HOST_KEY: masterKey } = process.env;
  if (!url && !masterKey) return undefined;
  if (!url || !masterKey)
    throw new Error("Set both LIFEBOAT_HOST_URL and LIFEBOAT_HOST_KEY (the master key), or neither.");
  return { url: url.replace(/\/$/, ""), masterKey, isReal: true, program: "" };
};
