import type { Archive } from "../../archive/read/open-archive.ts";
import { recoveryContext } from "../../domain/recovery-context.ts";
import { archivedConfiguration } from "../../operations/restores/archived-configuration.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Operation } from "../../operations/rows/operation-rows.ts";

/** The archive's configuration where the restore is to bring it back, opened with the key that came with the request. */
export const wantedConfiguration = async (
  deps: Installation,
  { id, request, recoveryKey }: Operation,
  { archive, signal }: { readonly archive: Archive; readonly signal: AbortSignal },
): ReturnType<typeof archivedConfiguration> => {
  if (request?.configuration !== true) return { configuration: undefined, lines: [] };
  const key = recoveryKey === undefined ? undefined : await deps.sealer.open(recoveryKey, recoveryContext(id));
  return archivedConfiguration(deps, { archive, key, signal });
};
