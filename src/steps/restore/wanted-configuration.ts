import type { Archive } from "../../archive/read/open-archive.ts";
import { recoveryContext } from "../../domain/recovery-context.ts";
import { archivedConfiguration } from "../../operations/restores/archived-configuration.ts";
import type { Installation } from "../../operations/installation.ts";
import type { RestoreRequest } from "../../operations/rows/operation-rows.ts";
import type { RunRef } from "../../workflows/contract.ts";
import { operationOf } from "./restore-run.ts";

/** The archive's configuration where the restore is to bring it back, opened with the key that came with the request. */
export const wantedConfiguration = async (
  deps: Installation,
  ref: RunRef,
  given: { readonly request: RestoreRequest; readonly archive: Archive; readonly signal: AbortSignal },
): ReturnType<typeof archivedConfiguration> => {
  if (!given.request.configuration) return { configuration: undefined, lines: [] };
  const { id, recoveryKey } = await operationOf(deps, ref);
  const key = recoveryKey === undefined ? undefined : await deps.sealer.open(recoveryKey, recoveryContext(id));
  return archivedConfiguration(deps, { archive: given.archive, key, signal: given.signal });
};
