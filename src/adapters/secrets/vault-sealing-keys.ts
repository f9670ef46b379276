import type { TokenCredential } from "@azure/identity";
import type { SecretClient, SecretClientOptions, SecretProperties } from "@azure/keyvault-secrets";
import { messageOf } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import { StoreFailure } from "../../domain/store-failure.ts";
import { collectedSealingKeys, type SealingKeys } from "./sealing-keys.ts";

interface VaultSecret {
  /** `https://VAULT.vault.azure.net/secrets/NAME`, without a version. */
  readonly url: string;
  readonly identity: () => Promise<TokenCredential>;
  readonly now: () => Date;
  readonly client?: SecretClientOptions;
}

const answerWithinMs = 30_000;

/**
 * Reads sealing keys out of a secret of Azure Key Vault, anew at each call: every enabled version is a key, base64 of 32
 * bytes with or without `id:` before it, and the newest that is valid by now seals. A version never changes, so its value
 * is fetched once. Failures are StoreFailure "Unavailable", and say what to do.
 */
export const vaultSealingKeys = ({ url, identity, now, client }: VaultSecret): (() => Promise<SealingKeys>) => {
  const { origin, pathname } = new URL(url);
  const name = pathname.split("/")[2] ?? "";
  const fetched = new Map<string, Secret>();
  const open = async (): Promise<SecretClient> => {
    // Loaded only where a vault is named.
    const sdk = await import("@azure/keyvault-secrets");
    return new sdk.SecretClient(origin, await identity(), { retryOptions: { maxRetries: 2 }, ...client });
  };
  let opened: Promise<SecretClient> | undefined;
  const look = async (): Promise<readonly Secret[]> => {
    opened ??= open();
    const secrets = await opened;
    const abortSignal = AbortSignal.timeout(answerWithinMs);
    const texts: Secret[] = [];
    for (const version of await versionsOf(secrets, name, { abortSignal, now: now() })) {
      const known = fetched.get(version);
      const text = known ?? new Secret((await secrets.getSecret(name, { version, abortSignal })).value ?? "");
      fetched.set(version, text);
      texts.push(text);
    }
    return texts;
  };
  return async () => {
    const texts = await look().catch((error: unknown): never => {
      throw vaultFailure(error, url);
    });
    if (texts.length === 0) throw new StoreFailure("Unavailable", `${url} has no enabled version. ${howToMake(url)}`);
    return collectedSealingKeys(texts, url);
  };
};

/** Enabled versions, the newest first; those that are not valid yet come last: they open, and do not seal. */
const versionsOf = async (
  secrets: SecretClient,
  name: string,
  { abortSignal, now }: { readonly abortSignal: AbortSignal; readonly now: Date },
): Promise<readonly string[]> => {
  const found: SecretProperties[] = [];
  for await (const version of secrets.listPropertiesOfSecretVersions(name, { abortSignal }))
    if (version.enabled === true) found.push(version);
  const isEarly = ({ notBefore }: SecretProperties): number => Number(notBefore !== undefined && notBefore > now);
  const createdAt = ({ createdOn }: SecretProperties): number => createdOn?.getTime() ?? 0;
  return found
    .toSorted((one, other) => isEarly(one) - isEarly(other) || createdAt(other) - createdAt(one))
    .flatMap(({ version }) => version ?? []);
};

const howToMake = (url: string): string => {
  const { hostname, pathname } = new URL(url);
  const [vault = ""] = hostname.split(".");
  const name = pathname.split("/")[2] ?? "";
  return `\`az keyvault secret set --vault-name ${vault} --name ${name} --value "$(openssl rand -base64 32)"\` makes one.`;
};

/** What the SDK's errors hold, read without trusting it. */
const statusOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;

const vaultFailure = (error: unknown, url: string): StoreFailure =>
  new StoreFailure("Unavailable", `The sealing keys in ${url} cannot be read: ${reasonOf(error, url)}`, {
    cause: error,
  });

const reasonOf = (error: unknown, url: string): string => {
  const { host } = new URL(url);
  const isLogin = error instanceof Error && /Authentication|Credential/.test(error.name);
  if (isLogin)
    return `Lifeboat's identity could not log in (${messageOf(error).split("\n")[0]}). Look at this app's identity.`;
  switch (statusOf(error)) {
    case 401:
    case 403:
      return `${host} refuses Lifeboat's identity. Give it the role Key Vault Secrets User, and look at the vault's firewall.`;
    case 404:
      return `it is not there. ${howToMake(url)}`;
    case undefined:
      return `${host} cannot be reached (${messageOf(error).split("\n")[0]}). Check name and network.`;
    default:
      return `${host} has trouble (${messageOf(error).split("\n")[0]}). It is asked again by itself.`;
  }
};
