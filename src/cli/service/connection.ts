import { Secret } from "../../domain/secret.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import type { Trust } from "./http-exchange.ts";
import { keyInEnvironment, keyInFile } from "./key-file.ts";
import { localConnection } from "./local-connection.ts";
import { readText } from "../files/read-text.ts";
import { profilesFile, readProfile, type Profile } from "./profiles.ts";

/** Which installation, how to know it, and with which key. */
export interface Connection {
  /** For people: the profile, the data folder, or the address. */
  readonly name: string;
  readonly url: () => URL;
  readonly trust: () => Trust | undefined;
  readonly key: () => Promise<Secret>;
  /** Where the key comes from, for messages; never the key. */
  readonly keySource: string;
  /** The data folder of a service on this machine. */
  readonly dataFolder?: string;
  /** What to do about a certificate that is not trusted, and about a line that is down. */
  readonly trustAdvice: string;
  readonly lineAdvice: string;
  /** Looks again where the service is: after a restart it may be elsewhere. */
  readonly renew: () => void;
}

/** What a person may say about it, as flags. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly keyFile?: string;
  readonly caFile?: string;
  readonly profile?: string;
  readonly data?: string;
  readonly audience?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface ConnectionDeps {
  readonly environment: Environment;
  /** Asks the person for a key; undefined where nobody can be asked. */
  readonly askKey: ((where: string) => Promise<string | undefined>) | undefined;
}

/**
 * Flags count first, then the environment, then the profile, then the service on this machine. A key goes only where it
 * was meant to go: one in the environment or in the data folder never to the address of a profile or a flag that names its own.
 */
export const findConnection = (flags: ConnectionFlags, deps: ConnectionDeps): Connection => {
  const { environment } = deps;
  const said = { ...fromEnvironment(environment), ...dropEmpty(flags) };
  if (flags.url !== undefined) return remoteConnection(flags.url, { ...said, name: undefined }, deps);
  if (flags.profile !== undefined) return profileConnection(flags.profile, flags, deps);
  // A data folder is a wish for the service of this machine.
  if (flags.data === undefined) {
    if (said.url !== undefined) return remoteConnection(said.url, { ...said, name: undefined }, deps);
    const profile = environment["LIFEBOAT_PROFILE"] ?? (said.data === undefined ? "" : undefined);
    if (profile !== undefined && (profile !== "" || readProfile(environment, "") !== undefined))
      return profileConnection(profile, flags, deps);
  }
  return localConnection({ dataFolder: said.data, keyFile: said.keyFile, environment });
};

const fromEnvironment = (environment: Environment): ConnectionFlags =>
  dropEmpty({
    url: environment["LIFEBOAT_URL"],
    keyFile: environment["LIFEBOAT_KEY_FILE"],
    caFile: environment["LIFEBOAT_CA_FILE"],
    data: environment["LIFEBOAT_DATA"],
    audience: environment["LIFEBOAT_AUDIENCE"],
  });

const dropEmpty = (given: { readonly [Name in keyof ConnectionFlags]: string | undefined }): ConnectionFlags =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ""));

const profileConnection = (name: string, flags: ConnectionFlags, deps: ConnectionDeps): Connection => {
  const profile = readProfile(deps.environment, name);
  if (profile === undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "NoSuchProfile",
      `There is no profile "${name}" in ${profilesFile(deps.environment)}.`,
    );
  // Of the environment only the key counts, and only where the profile names none.
  const said = { ...profile, ...dropEmpty({ keyFile: flags.keyFile, caFile: flags.caFile, audience: flags.audience }) };
  return remoteConnection(profile.url, { ...said, name: profile.name }, deps);
};

type Remote = Omit<Profile, "name" | "url"> & { readonly name: string | undefined };

const remoteConnection = (text: string, said: Remote, deps: ConnectionDeps): Connection => {
  const url = checkedUrl(text);
  const { key, source } = keyOf(url, said, deps);
  const { caFile } = said;
  return {
    name: said.name ?? url.origin,
    url: () => url,
    trust: () =>
      caFile === undefined ? undefined : { pem: readText(caFile, "the authority's certificate"), isPinned: false },
    key,
    keySource: source,
    trustAdvice:
      "If it is Lifeboat's own authority, copy tls/ca.pem of its data folder here and name it by --ca-file; never trust it unseen.",
    lineAdvice: "Look at the address, and whether the service runs.",
    renew: () => undefined,
  };
};

const checkedUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const problem =
    url === undefined || !/^https?:$/.test(url.protocol)
      ? `"${text}" is no address such as https://backup.example.org:7443.`
      : url.protocol === "http:" && !isLoopback(url.hostname)
        ? `By ${url.origin} the key would travel in the clear. Use https.`
        : url.username !== "" || url.password !== ""
          ? "The address holds a password. Keys come from a file, the environment or a prompt."
          : undefined;
  if (url === undefined || problem !== undefined)
    throw new CommandFailure(exitCodes.usage, "AddressRefused", problem ?? "The address is not understood.");
  return url;
};

const isLoopback = (host: string): boolean => host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);

const keyOf = (
  url: URL,
  { keyFile, audience }: Remote,
  { environment, askKey }: ConnectionDeps,
): { readonly key: () => Promise<Secret>; readonly source: string } => {
  if (keyFile !== undefined) return { key: once(async () => keyInFile(keyFile)), source: keyFile };
  if (audience !== undefined)
    return {
      key: async () => (await import("./entra-token.ts")).entraToken(audience),
      source: `Entra, for ${audience}`,
    };
  const given = keyInEnvironment(environment);
  if (given !== undefined) return { key: async () => given, source: "LIFEBOAT_KEY" };
  return { key: once(() => askedKey(url, askKey)), source: "the prompt" };
};

const askedKey = async (url: URL, askKey: ConnectionDeps["askKey"]): Promise<Secret> => {
  const typed = await askKey?.(url.origin);
  if (typed === undefined || typed.trim() === "")
    throw new CommandFailure(
      exitCodes.usage,
      "NoKey",
      `No key is known for ${url.origin}. Name its file by --key-file, or set LIFEBOAT_KEY_FILE or LIFEBOAT_KEY.`,
    );
  return new Secret(typed.trim());
};

const once = (make: () => Promise<Secret>): (() => Promise<Secret>) => {
  let made: Promise<Secret> | undefined;
  return () => (made ??= make());
};
