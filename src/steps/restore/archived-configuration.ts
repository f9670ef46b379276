import {
  configurationEntryName,
  decodeConfiguration,
  maxConfigurationBytes,
  openConfiguration,
} from "../../archive/read/configuration-entry.ts";
import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import type { Archive } from "../../archive/read/open-archive.ts";
import { readEntry } from "../../archive/read/read-entry.ts";
import { refuse } from "../../domain/errors.ts";
import { recoveryContext } from "../../domain/recovery-context.ts";
import { InvalidRecoveryKey, SecretUnreadable, type Secret } from "../../domain/secret.ts";
import type { Installation } from "../../operations/installation.ts";
import type { RestoreRequest } from "../../operations/rows/operation-rows.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import type { RunRef } from "../../workflows/contract.ts";
import { operationOf } from "./restore-run.ts";

interface ArchivedConfiguration {
  /** Undefined: not asked for, or the archive does not have it. */
  readonly configuration: SiteConfiguration | undefined;
  /** Why, for the log. */
  readonly lines: readonly string[];
}

/** The configuration in an archive, opened with the caller's recovery key or the installation's. Refused when neither opens it. */
export const archivedConfiguration = async (
  deps: Installation,
  ref: RunRef,
  {
    request,
    archive,
    signal,
  }: { readonly request: RestoreRequest; readonly archive: Archive; readonly signal: AbortSignal },
): Promise<ArchivedConfiguration> => {
  if (!request.configuration) return { configuration: undefined, lines: [] };
  const place = archive.directory.find(configurationEntryName);
  if (place < 0) return none("The backup holds no configuration; the site keeps its own.");
  const entry = decodeConfiguration(await content(archive, place, signal));
  try {
    const configuration = await openConfiguration(entry, deps.recovery, await callersKey(deps, ref));
    if (configuration !== undefined) return { configuration, lines: [] };
    return none("The backup holds only the names of the configuration; the site keeps its own.");
  } catch (error) {
    if (!(error instanceof SecretUnreadable || error instanceof InvalidRecoveryKey)) throw error;
    const reason = `${error.message} Or restore without the configuration.`;
    throw refuse("RestoreFailed", { reason }, { cause: error });
  }
};

const none = (line: string): ArchivedConfiguration => ({ configuration: undefined, lines: [line] });

const callersKey = async (deps: Installation, ref: RunRef): Promise<Secret | undefined> => {
  const { id, recoveryKey } = await operationOf(deps, ref);
  return recoveryKey === undefined ? undefined : deps.sealer.open(recoveryKey, recoveryContext(id));
};

const content = async (archive: Archive, place: number, signal: AbortSignal): Promise<Uint8Array> => {
  if (archive.directory.sizeBytes(place) > maxConfigurationBytes)
    throw new ArchiveInvalid("TooLarge", "It is too long.", { entry: configurationEntryName });
  const pieces: Uint8Array[] = [];
  for await (const piece of readEntry(archive, place, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
};
