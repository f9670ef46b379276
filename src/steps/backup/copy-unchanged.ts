import { copyShard } from "../../archive/reuse/copy-shard.ts";
import { decodeCopyShard } from "../../archive/reuse/copy-shard-encoding.ts";
import { openPrevious } from "../../archive/reuse/reuse-source.ts";
import { SourceLost } from "../../archive/reuse/source-lost.ts";
import { encodeShardIndex } from "../../archive/shards/shard-index-encoding.ts";
import { siteLabel } from "../../domain/site.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { backingUp } from "./backing-up.ts";
import { plannedFiles, readPlan, type Copied } from "./backup-plan.ts";
import { backupOf, uploadOf } from "./backup-row.ts";
import { notePrevious } from "./previous-archive.ts";
import { reportProgress } from "../progress.ts";
import { scratchOf } from "../scratch.ts";

/** Copies a part of what is unchanged out of the previous archive; SourceGone when that is not what it was any more. */
export const copyUnchanged =
  (deps: Installation) =>
  (input: StepInput<"copyUnchanged">, call: Call): Promise<StepResult<"copyUnchanged">> =>
    backingUp(deps, input, async () => {
      const progress = reportProgress(deps, input, `copy-${input.part}`);
      progress.set({ phase: "Copying" });
      const { signal } = progress;
      const scratch = scratchOf(await deps.scratch(), input.run);
      const plan = await readPlan(scratch, input.plan);
      const { previous, copies, blockBytes } = plan;
      const part = copies[input.part];
      if (previous === undefined || part === undefined) throw new Error(`The plan has no part ${input.part} to copy.`);
      const [number, parts] = [input.part + 1, copies.length];
      call.log.info("backup copies", { site: siteLabel(input.site), backup: input.backup, part: number, parts });
      const backup = await backupOf(deps, input);
      const destination = await openContainer(deps, backup.destination);
      const isInDestination = previous.destination === backup.destination;
      const source = isInDestination ? destination : await openContainer(deps, previous.destination);
      const host = await deps.hosts.host(input.site);
      const upload = uploadOf(backup, input.run);
      const { indexes, damaged } = await copyShard(
        { site: plannedFiles(host.files, plan), destination, runner: deps.threads },
        {
          previous: await openPrevious(source, previous.object, signal),
          isInDestination,
          shard: decodeCopyShard(await scratch.get(part)),
          upload,
          blockBytes,
          signal,
          onProgress: ({ entries, sizeBytes }) => progress.set({ files: entries, bytes: sizeBytes }),
        },
      ).catch(async (error: unknown) => {
        if (error instanceof SourceLost && error.isDamage)
          await notePrevious(deps, { site: input.site, previous }, error.what);
        throw error;
      });
      await destination.settle(upload);
      await progress.end();
      const stored: string[] = [];
      for (const index of indexes) stored.push(await scratch.put(encodeShardIndex(index)));
      const copied: Copied = { indexes: stored, damaged };
      return { ok: true, copied: await scratch.putJson(copied) };
    });
