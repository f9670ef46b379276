import { readEntry } from "../../archive/read/read-entry.ts";
import { findEntry } from "../../archive/directory/browse.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../../operations/installation.ts";
import { wantedDatabases } from "../../operations/restores/archived-databases.ts";
import { readLoadedDatabase } from "../../operations/rows/loaded-database-rows.ts";
import type { Operation } from "../../operations/rows/operation-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { StepInput, StepResult } from "../../workflows/contract.ts";
import { advancing } from "./advancing.ts";
import { newScratchName } from "../database-names.ts";
import { ownsSite } from "../owns-site.ts";
import { reportProgress } from "../progress.ts";
import { readRecord, reopen, requestOf, type CheckedArchive, type RestoreReport } from "./restore-run.ts";
import { reach, type Reached } from "./restored-databases.ts";
import { scratchOf } from "../scratch.ts";
import { withinTimeLimit } from "../time-limit.ts";
import { whileBeating } from "../while-beating.ts";
import { writeDownScratch } from "./write-down-database.ts";

type Input = StepInput<"loadDatabase">;

/** What a load leaves in scratch. */
export interface LoadedRecord extends RestoreReport {
  readonly place: number;
  /** What it made. */
  readonly scratch: string;
}

/**
 * Loads one dump, once its hash is known to be right, into a database beside the live one. Every attempt makes its own, and
 * writes its name down first: whatever becomes of it, somebody finds it.
 */
export const loadDatabase =
  (deps: Installation) =>
  (input: Input, call: Call): Promise<StepResult<"loadDatabase">> =>
    advancing(deps, input, async (operation) => {
      const found = await readLoadedDatabase(deps.catalog, input.site, input);
      if (found === undefined) throw new Error(`The catalog has no database ${input.place} of the run ${input.run}.`);
      const name = newScratchName(deps, found.database.token);
      const row = await writeDownScratch(deps, input, { place: input.place, name });
      const reached = await reach(deps, row);
      const log = { site: siteLabel(input.site), run: input.run, database: row.database.reference.name };
      call.log.info("restore loads", log);
      const notes = await load(deps, input, { operation, reached, name }).catch(async (error: unknown) => {
        await dropQuietly(reached, name, call);
        throw error;
      });
      // Who ends a run drops what it made; an attempt that is later than that clears away itself.
      if (!(await ownsSite(deps, input))) await dropQuietly(reached, name, call);
      const label = row.database.reference.name;
      const lines = notes.map((note) => `The database ${label}: ${note}`);
      const record: LoadedRecord = { place: input.place, scratch: name, lines };
      call.log.info("database loaded", log);
      return { ok: true, report: await scratchOf(await deps.scratch(), input.run).putJson(record) };
    });

const load = async (
  deps: Installation,
  input: Input,
  { operation, reached, name }: { readonly operation: Operation; readonly reached: Reached; readonly name: string },
): Promise<readonly string[]> => {
  const { tool, connection, label } = reached;
  const progress = reportProgress(deps, input, `load-${input.place}`);
  const scratch = scratchOf(await deps.scratch(), input.run);
  const { commitId } = await readRecord<CheckedArchive>(scratch, input.checked);
  const opened = await reopen(deps, requestOf(operation), { commitId, signal: progress.signal });
  const wanted = (await wantedDatabases(opened, operation.databases ?? []))[input.place];
  const place = wanted && findEntry(opened.archive.directory, wanted.entry);
  if (wanted === undefined || place === undefined) throw new Error(`The archive has no database ${input.place}.`);
  const limit = withinTimeLimit(deps, { signal: progress.signal, what: `Loading the database ${label}` });
  const dump = (phase: string): AsyncIterable<Uint8Array> => {
    progress.set({ phase, bytes: 0, totalBytes: wanted.sizeBytes });
    return counted(readEntry(opened.archive, place, limit.signal), (bytes) => progress.set({ bytes }));
  };
  try {
    const { notes } = await whileBeating(progress, async () => {
      await readThrough(dump("Checking dumps"));
      return tool.load(connection, { scratch: name, dump: dump("Loading databases"), signal: limit.signal });
    });
    await progress.end();
    return notes;
  } finally {
    limit.release();
  }
};

async function* counted(source: AsyncIterable<Uint8Array>, tell: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of source) {
    yield piece;
    bytes += piece.length;
    tell(bytes);
  }
}

/**
 * A dump is a program: none of it may run before all of it is known to be what was dumped. It is read twice for that, the
 * second time on the condition that the object in the container is the same.
 */
const readThrough = async (dump: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const _ of dump) {
    // Its end is reached only when every checksum was right.
  }
};

const dropQuietly = async ({ tool, connection }: Reached, name: string, call: Call): Promise<void> => {
  try {
    await tool.drop(connection, name);
  } catch (error) {
    call.log.warn("a scratch database stays until housekeeping drops it", { name, error });
  }
};
