import {
  configurationBytes,
  configurationEntryName,
  decodeConfiguration,
  maxConfigurationBytes,
  openConfiguration,
} from "../../archive/read/configuration-entry.ts";
import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import type { Archive } from "../../archive/read/open-archive.ts";
import { smallEntry } from "../../archive/read/small-entry.ts";
import { Refusal, refuse } from "../../domain/errors.ts";
import { InvalidRecoveryKey, SecretUnreadable, type Secret } from "../../domain/secret.ts";
import type { Installation } from "../installation.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";

interface ArchivedConfiguration {
  /** Undefined: the archive does not have it. */
  readonly configuration: SiteConfiguration | undefined;
  /** Why, for the log. */
  readonly lines: readonly string[];
}

interface Wanted {
  readonly archive: Archive;
  /** The caller's recovery key, instead of the installation's. */
  readonly key: Secret | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The configuration in an archive, opened with the caller's recovery key or the installation's. Refused when neither opens it. */
export const archivedConfiguration = async (
  deps: Pick<Installation, "recovery">,
  { archive, key, signal }: Wanted,
): Promise<ArchivedConfiguration> => {
  const place = archive.directory.find(configurationEntryName);
  if (place < 0) return none("The backup holds no configuration; the site keeps its own.");
  const entry = decodeConfiguration(await smallEntry(archive, place, { most: maxConfigurationBytes, signal }));
  try {
    const configuration = await openConfiguration(entry, deps.recovery, key);
    if (configuration !== undefined) return { configuration, lines: [] };
    return none("The backup holds only the names of the configuration; the site keeps its own.");
  } catch (error) {
    if (!(error instanceof SecretUnreadable || error instanceof InvalidRecoveryKey)) throw error;
    const reason = `${error.message} Or restore without the configuration.`;
    throw refuse("RestoreFailed", { reason }, { cause: error });
  }
};

/** Whether both archives hold one configuration: sealed anew it has other bytes each time. False where that cannot be told. */
export const haveSameConfiguration = async (
  deps: Pick<Installation, "recovery">,
  archives: readonly [Archive, Archive],
  signal: AbortSignal | undefined,
): Promise<boolean> => {
  try {
    const [one, other] = await Promise.all(
      archives.map(async (archive) => {
        const { configuration } = await archivedConfiguration(deps, { archive, key: undefined, signal });
        return configuration && configurationBytes(configuration);
      }),
    );
    return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
  } catch (error) {
    // Another installation's, or damaged.
    if (error instanceof Refusal || error instanceof ArchiveInvalid) return false;
    throw error;
  }
};

const none = (line: string): ArchivedConfiguration => ({ configuration: undefined, lines: [line] });
