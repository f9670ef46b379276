import { packStream } from "../../archive/pack/pack-stream.ts";
import { encodeShardIndex } from "../../archive/shards/shard-index-encoding.ts";
import type { Backup } from "../../domain/backup.ts";
import { pathFromText } from "../../domain/byte-path.ts";
import { DatabaseFailure, engineOf } from "../../domain/database.ts";
import { siteLabel } from "../../domain/site.ts";
import { openContainer } from "../../operations/containers/credentials.ts";
import { connectionOf, connectionStringOf } from "../../operations/databases/database-connection.ts";
import { openStrings } from "../../operations/databases/database-wishes.ts";
import type { Installation } from "../../operations/installation.ts";
import { backupKey } from "../../operations/rows/keys.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { backingUp } from "./backing-up.ts";
import { readAsked, readPlan, type AskedDatabase, type Dumped } from "./backup-plan.ts";
import { backupOf, uploadOf } from "./backup-row.ts";
import { databaseToken, newScratchName } from "../database-names.ts";
import { failed } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { scratchOf, type Scratch } from "../scratch.ts";
import { withinTimeLimit } from "../time-limit.ts";
import { whileBeating } from "../while-beating.ts";
import { writeDownDatabase, writeDownScratch } from "../restore/write-down-database.ts";

type Input = StepInput<"dumpDatabase">;

/** Dumps one database into the archive as its tool writes it: a shard of its own, nothing of it lies on a disk of ours. */
export const dumpDatabase =
  (deps: Installation) =>
  (input: Input, call: Call): Promise<StepResult<"dumpDatabase">> =>
    backingUp(deps, input, async () => {
      const scratch = scratchOf(await deps.scratch(), input.run);
      const asked = (await readAsked(scratch, input.databases))[input.place];
      if (asked === undefined) throw new Error(`The plan has no database ${input.place}.`);
      const backup = await backupOf(deps, input);
      const log = { site: siteLabel(input.site), backup: input.backup, database: asked.reference.name };
      call.log.info("backup dumps", { ...log, bytes: asked.sizeBytes });
      const dumped =
        asked.problem === undefined ? await dump(deps, input, { asked, backup, scratch }) : { problem: asked.problem };
      if ("problem" in dumped) {
        call.log.warn("a database could not be dumped", { ...log, problem: dumped.problem });
        if (backup.continueOnDatabaseError !== true) return failed(dumped.problem);
      }
      return { ok: true, dump: await scratch.putJson(dumped) };
    });

interface Dump {
  readonly asked: AskedDatabase;
  readonly backup: Backup;
  readonly scratch: Scratch;
}

const dump = async (deps: Installation, input: Input, work: Dump): Promise<Dumped> => {
  try {
    return await pack(deps, input, work);
  } catch (error) {
    if (error instanceof DatabaseFailure) return { problem: error.message };
    throw error;
  }
};

const pack = async (deps: Installation, input: Input, { asked, backup, scratch }: Dump): Promise<Dumped> => {
  const { reference, entry } = asked;
  const progress = reportProgress(deps, input, `database-${input.place}`);
  progress.set({ phase: "Dumping databases" });
  const plan = await readPlan(scratch, input.plan);
  const host = await deps.hosts.host(input.site);
  const where = {
    strings: await openStrings(deps, backupKey(backup.id), backup),
    configuration: await host.settings.read(),
  };
  const connection = connectionOf(reference, where);
  const destination = await openContainer(deps, backup.destination);
  const upload = uploadOf(backup, input.run);
  const copy = newScratchName(deps, databaseToken(input.run, input.place));
  const tool = deps.databaseTools[engineOf(reference.type)];
  if (tool.dumpsFromCopy === true) {
    const connectionString = connectionStringOf(reference, where);
    await writeDownDatabase(deps, input, { place: input.place, reference, connectionString, replaces: true });
    await writeDownScratch(deps, input, { place: input.place, name: copy });
  }
  const lacks: string[] = [];
  const limit = withinTimeLimit(deps, {
    signal: progress.signal,
    what: `The dump of the database ${reference.name}`,
  });
  const { signal } = limit;
  try {
    const work = {
      upload,
      number: firstDumpShard + input.place,
      blockBytes: plan.blockBytes,
      name: pathFromText(entry),
      stream: tool.dump(connection, { scratch: copy, signal, lacks: (reason) => void lacks.push(reason) }),
      mtimeNs: BigInt(deps.clock.now().getTime()) * 1_000_000n,
      signal,
      onProgress: ({ sizeBytes }: { readonly sizeBytes: number }) => progress.set({ bytes: sizeBytes }),
    };
    const index = await whileBeating(progress, () => packStream({ destination, runner: deps.threads }, work));
    await destination.settle(upload);
    await progress.end();
    return { index: await scratch.put(encodeShardIndex(index)), lacks };
  } finally {
    limit.release();
  }
};

/** Above any shard of a plan, below the configuration's. */
const firstDumpShard = 0xffff_0000;
