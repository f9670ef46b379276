import * as z from "zod";
import { sasExpiry } from "../../domain/sas.ts";
import { SecretUnreadable, type Secret } from "../../domain/secret.ts";
import type { ContainerAccess } from "../../domain/container-url.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import type { Destination } from "../../ports/destination.ts";
import type { Installation } from "../installation.ts";
import { containerKey, credentialsPartition } from "../rows/keys.ts";
import { credentialContext } from "../rows/sealed-fields.ts";
import { writeRow } from "../rows/write-row.ts";

const credentialRow = z.object({ container: z.string(), sealed: z.string(), expires: z.string().optional() });

type Needs = Pick<Installation, "catalog" | "sealer" | "clock" | "destinations">;

/**
 * Credentials belong to the container: the newest valid one seen serves all its backups. One that ends earlier than what
 * is stored does not replace it, unless that has expired; nor does one that the container refuses, or a caller could
 * spoil the backups of others with a made-up SAS.
 */
export const rememberCredential = async (deps: Needs, access: ContainerAccess): Promise<void> => {
  if (access.credential === undefined) return;
  const key = containerKey(access.container);
  const stored = await readableCredential(deps, access.container);
  if (stored?.equals(access.credential) === true) return;
  if (stored !== undefined && isValid(stored, deps.clock.now()) && (await isRefused(deps, access))) return;
  const expires = sasExpiry(access.credential);
  const value = {
    container: access.container,
    sealed: await deps.sealer.seal(access.credential, credentialContext(key)),
    ...(expires === undefined ? {} : { expires: expires.toISOString() }),
  };
  for (let attempt = 0; attempt < 20; attempt++) {
    const row = await deps.catalog.get(credentialsPartition, key);
    const before = row && credentialRow.parse(row.value);
    if (before && stored && outlives(before.expires, value.expires, deps.clock.now())) return;
    if (await deps.catalog.write(credentialsPartition, [writeRow(key, value, row?.version)])) return;
  }
  throw new Error(`The credential of ${access.container} could not be stored: too many writers.`);
};

const isValid = (credential: Secret, now: Date): boolean =>
  (sasExpiry(credential)?.getTime() ?? Infinity) > now.getTime();

/** Undecided where the container does not answer: then the newest counts. */
const isRefused = async (deps: Needs, { container, credential }: ContainerAccess): Promise<boolean> => {
  try {
    await askContainer(await deps.destinations.open(container, credential));
    return false;
  } catch (error) {
    return isStoreFailure(error, "AccessDenied");
  }
};

const outlives = (stored: string | undefined, given: string | undefined, now: Date): boolean => {
  if (stored === undefined || given === undefined) return false;
  return Date.parse(stored) > now.getTime() && Date.parse(stored) > Date.parse(given);
};

/** Undefined where none is known. Throws SecretUnreadable where the key that sealed it is not here any more. */
export const credentialOf = async (deps: Needs, container: string): Promise<Secret | undefined> => {
  const row = await deps.catalog.get(credentialsPartition, containerKey(container));
  if (row === undefined) return undefined;
  const context = credentialContext(row.key);
  try {
    return await deps.sealer.open(credentialRow.parse(row.value).sealed, context);
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error;
    // People know containers, and not the keys of rows.
    throw new SecretUnreadable(error.reason, error.message.replace(context, `the credential of ${container}`));
  }
};

/** Undefined also where it cannot be opened any more: then whichever is given takes its place. */
const readableCredential = async (deps: Needs, container: string): Promise<Secret | undefined> => {
  try {
    return await credentialOf(deps, container);
  } catch (error) {
    if (error instanceof SecretUnreadable) return undefined;
    throw error;
  }
};

/** The container with what the request brought, or else with what is kept for it. Throws as `credentialOf` does. */
export const withCredential = async (deps: Needs, access: ContainerAccess): Promise<ContainerAccess> => {
  if (access.credential !== undefined) return access;
  const credential = await credentialOf(deps, access.container);
  return credential === undefined ? access : { ...access, credential };
};

/** Throws StoreFailure where the container does not answer, or may not be read. */
export const askContainer = async (destination: Destination): Promise<void> => {
  await destination.head("lifeboat-asks-whether-it-may-read");
};

/** The container, with the newest credential known for it. */
export const openContainer = async (deps: Needs, container: string): Promise<Destination> =>
  deps.destinations.open(container, await credentialOf(deps, container));
