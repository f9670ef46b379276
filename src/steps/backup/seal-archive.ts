import { configurationEntryName } from "../../archive/read/configuration-entry.ts";
import { packStream } from "../../archive/pack/pack-stream.ts";
import { sealArchive as seal } from "../../archive/shards/seal.ts";
import type { ShardIndex } from "../../archive/shards/shard-index.ts";
import { decodeShardIndex } from "../../archive/shards/shard-index-encoding.ts";
import type { Backup } from "../../domain/backup.ts";
import { siteLabel } from "../../domain/site.ts";
import { isStoreFailure } from "../../domain/store-failure.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Call } from "../../ports/call.ts";
import type { BlockId, Destination } from "../../ports/destination.ts";
import type { BackupRef, Outcome, ScratchName, StepInput, StepResult } from "../../workflows/contract.ts";
import { backingUp } from "./backing-up.ts";
import { readCopied, readDumped, readPlan, type BackupPlan, type Seal } from "./backup-plan.ts";
import { backupOf, blobMetadata, uploadOf } from "./backup-row.ts";
import { holdRoom } from "./describing-room.ts";
import { lost, nameTaken, removeFormer } from "./own-blobs.ts";
import { failed, ownsSite } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { scratchOf, type Scratch } from "../scratch.ts";

/** Makes one archive of all shards, and makes it visible by one commit that only the run that owns the site can do. */
export const sealArchive =
  (deps: Installation) =>
  (input: StepInput<"sealArchive">, call: Call): Promise<StepResult<"sealArchive">> =>
    backingUp(deps, input, async () => {
      const progress = reportProgress(deps, input, "seal");
      progress.set({ phase: "Sealing" });
      const workStorage = await deps.scratch();
      const scratch = scratchOf(workStorage, input.run);
      const plan = await readPlan(scratch, input.plan);
      const backup = await backupOf(deps, input);
      const destination = await openContainer(deps, backup.destination);
      const upload = uploadOf(backup, input.run);
      const { signal } = progress;
      const work = { destination, upload, blockBytes: plan.blockBytes, signal };
      const copied = await Promise.all(input.copied.map((name) => readCopied(scratch, name)));
      const dumps = (await Promise.all((input.dumps ?? []).map((name) => readDumped(scratch, name)))).flatMap((one) =>
        "index" in one ? one.index : [],
      );
      const indexes = [...copied.flatMap((one) => one.indexes), ...input.indexes, ...dumps];
      const { blocks, ...archive } = await seal({
        ...work,
        shards: shardsOf(deps, { scratch, plan, indexes, work }),
        planned: plan.entries + dumps.length + 1,
      });
      const sealed: Seal = { ...archive, damaged: copied.flatMap(({ damaged }) => damaged) };
      await progress.end();
      // Whatever takes room comes before the commit.
      const kept = await scratch.putJson(sealed);
      const room = { destination, backup, run: input.run };
      await holdRoom(room, () => describingBytes(scratch, plan, sealed));
      await holdRoom({ ...room, destination: workStorage }, async () => 0);
      if (!(await ownsSite(deps, input))) return lost(deps, input);
      const committed = await commit({ ref: input, backup, destination, blocks, sealed });
      if (!committed.ok) return committed;
      if (!(await ownsSite(deps, input))) return lost(deps, input);
      call.log.info("backup sealed", {
        site: siteLabel(input.site),
        backup: input.backup,
        entries: sealed.entries,
        bytes: sealed.sizeBytes,
      });
      return { ok: true, seal: kept };
    });

/** What log and manifest will take, about: both tell what is not in the archive, or not as it should be. */
const describingBytes = async (scratch: Scratch, { leftOut }: BackupPlan, sealed: Seal): Promise<number> =>
  2 * ((await scratch.get(leftOut)).length + JSON.stringify(sealed).length);

interface Shards {
  readonly scratch: Scratch;
  readonly plan: BackupPlan;
  readonly indexes: readonly ScratchName[];
  readonly work: Omit<Parameters<typeof packStream>[1], "number" | "name" | "stream" | "mtimeNs"> & {
    readonly destination: Destination;
  };
}

/** One at a time out of scratch, and the configuration behind them, as its plan read it: every attempt gives the same bytes. */
async function* shardsOf(deps: Installation, { scratch, plan, indexes, work }: Shards): AsyncGenerator<ShardIndex> {
  for (const name of indexes) yield decodeShardIndex(await scratch.get(name));
  const configuration = await scratch.get(plan.configuration);
  yield await packStream(
    { destination: work.destination, runner: deps.threads },
    {
      ...work,
      number: configurationShard,
      name: configurationEntryName,
      mtimeNs: BigInt(Date.parse(plan.planned)) * 1_000_000n,
      stream: onePiece(configuration),
    },
  );
}

/** Below the directory's own, above any shard of a plan. */
const configurationShard = 0xffff_fffe;

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

interface Commit {
  readonly ref: BackupRef;
  readonly backup: Backup;
  readonly destination: Destination;
  readonly blocks: readonly BlockId[];
  readonly sealed: Pick<Seal, "commitId" | "sizeBytes">;
}

/** A name that is taken may be ours: an attempt whose answer was lost. The commit id tells. */
const commit = async ({ ref, backup, destination, blocks, sealed }: Commit): Promise<Outcome> => {
  const upload = uploadOf(backup, ref.run);
  try {
    const written = await destination.commit(upload, blocks, blobMetadata(ref, sealed.commitId));
    if (written.sizeBytes === sealed.sizeBytes) return { ok: true };
    await destination.remove(upload.name, { ifMatch: written.etag });
    return failed(`The container kept ${written.sizeBytes} of ${sealed.sizeBytes} bytes of ${upload.name}.`);
  } catch (error) {
    if (!isStoreFailure(error, "AlreadyExists")) throw error;
    const found = await destination.head(upload.name);
    if (found?.metadata["run"] === ref.run && found.metadata["commitid"] === sealed.commitId) return { ok: true };
    // The next attempt of this step finds the name free.
    if (await removeFormer(destination, backup, found))
      throw new Error(`${upload.name} was written by a run that this one was taken over from.`, { cause: error });
    return failed(nameTaken(upload.name));
  }
};
