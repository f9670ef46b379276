import { listingFromBytes } from "../../archive/listing/listing-encoding.ts";
import { packShard as pack } from "../../archive/pack/pack-shard.ts";
import { encodeShardIndex } from "../../archive/shards/shard-index-encoding.ts";
import { siteLabel } from "../../domain/site.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { backingUp } from "./backing-up.ts";
import { plannedFiles, readDatabaseFiles, readPlan } from "./backup-plan.ts";
import { backupOf, uploadOf } from "./backup-row.ts";
import { withDatabaseFiles } from "./database-files.ts";
import { reportProgress } from "../progress.ts";
import { scratchOf } from "../scratch.ts";

/** Reads and packs one shard of the plan and stages it in the container; nothing of it is visible before the seal. */
export const packShard =
  (deps: Installation) =>
  (input: StepInput<"packShard">, call: Call): Promise<StepResult<"packShard">> =>
    backingUp(deps, input, async () => {
      const progress = reportProgress(deps, input, `shard-${input.shard}`);
      progress.set({ phase: "Packing" });
      const scratch = scratchOf(await deps.scratch(), input.run);
      const plan = await readPlan(scratch, input.plan);
      const shard = plan.shards[input.shard];
      if (shard === undefined) throw new Error(`The plan has no shard ${input.shard}.`);
      const [part, parts, bytes] = [input.shard + 1, plan.shards.length, shard.sizeBytes];
      call.log.info("backup packs", { site: siteLabel(input.site), backup: input.backup, part, parts, bytes });
      const backup = await backupOf(deps, input);
      const host = await deps.hosts.host(input.site);
      const destination = await openContainer(deps, backup.destination);
      const databases = await readDatabaseFiles(scratch, plan.databaseFiles);
      const index = await pack(
        {
          site: withDatabaseFiles(plannedFiles(host.files, plan), databases, scratch),
          destination,
          runner: deps.threads,
        },
        {
          ...shard,
          listing: listingFromBytes(await scratch.get(shard.listing)),
          upload: uploadOf(backup, input.run),
          blockBytes: plan.blockBytes,
          signal: progress.signal,
          onProgress: ({ entries, sizeBytes }) => progress.set({ files: entries, bytes: sizeBytes }),
        },
      );
      await destination.settle(uploadOf(backup, input.run));
      await progress.end();
      return { ok: true, index: await scratch.put(encodeShardIndex(index)) };
    });
