import { objectSource } from "../../archive/read/byte-source.ts";
import { ArchiveInvalid } from "../../archive/archive-invalid.ts";
import { extractMany } from "../../archive/read/extract-many.ts";
import { openArchive, type Archive } from "../../archive/read/open-archive.ts";
import { zipName } from "../../domain/backup.ts";
import { parseSas } from "../../domain/sas.ts";
import { siteLabel } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import { credentialOf, openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { backingUp } from "./backing-up.ts";
import { readSeal } from "./backup-plan.ts";
import { backupOf } from "./backup-row.ts";
import { failed } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { scratchOf } from "../scratch.ts";

/**
 * Opens the archive as a restore would, through the container: its directory to the last bit, what stands in the root
 * (dumps, the configuration), and a sample of the files, each inflated and compared by hash.
 */
export const readBack =
  (deps: Installation) =>
  (input: StepInput<"readBack">, call: Call): Promise<StepResult<"readBack">> =>
    backingUp(deps, input, async () => {
      const progress = reportProgress(deps, input, "read-back");
      progress.set({ phase: "ReadingBack" });
      const sealed = await readSeal(scratchOf(await deps.scratch(), input.run), input.seal);
      const backup = await backupOf(deps, input);
      const name = zipName(backup.blobBase);
      try {
        const destination = await openContainer(deps, backup.destination);
        const object = await destination.head(name);
        if (object === undefined) return failed(`${name} vanished from the container right after it was written.`);
        const archive = await openArchive(objectSource(destination, object), { signal: progress.signal });
        if (archive.commitId !== sealed.commitId || archive.directory.length !== sealed.entries)
          return failed(`${name} reads otherwise than it was written: it is ${archive.commitId}.`);
        await extractMany(archive, sample(archive), {
          runner: deps.threads,
          signal: progress.signal,
          sink: { put: readToTheEnd },
        });
      } catch (error) {
        if (error instanceof ArchiveInvalid) return failed(`${name} cannot be read back: ${error.message}`);
        if (isStoreFailure(error, "AccessDenied") && (await isWriteOnly(deps, backup.destination)))
          return { ok: true, isProven: false };
        throw error;
      }
      await progress.end();
      call.log.info("backup read back", { site: siteLabel(input.site), backup: input.backup });
      return { ok: true, isProven: true };
    });

const isWriteOnly = async (deps: Installation, container: string): Promise<boolean> => {
  const credential = await credentialOf(deps, container);
  const permissions = credential && parseSas(credential).permissions;
  return permissions !== undefined && !permissions.includes("r");
};

const sampleEntries = 200;
const sampleBytes = 64 * 2 ** 20;

/** Evenly over the archive, from its end on, where a cut or shifted one shows; and all that stands in its root. */
const sample = ({ directory, byOffset }: Archive): Iterable<number> => {
  const every = Math.max(1, Math.floor(byOffset.length / sampleEntries));
  let bytes = 0;
  return byOffset.toReversed().filter((place, fromEnd) => {
    const isInRoot = !directory.name(place).includes("/");
    const fits = bytes + directory.storedBytes(place) <= sampleBytes;
    const isWanted = isInRoot || (fromEnd % every === 0 && fits);
    if (isWanted) bytes += directory.storedBytes(place);
    return isWanted;
  });
};

const readToTheEnd = async (_place: number, content: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const _ of content);
};
