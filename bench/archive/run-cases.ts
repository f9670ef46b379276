import { cpSync, mkdirSync, rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { changeTree } from "../corpora/change-tree.ts";
import { measure } from "./measure.ts";
import type { CaseName, CorpusLabel, Result } from "./results.ts";
import {
  newProcess,
  oursName,
  outputBytes,
  type OwnTool,
  ownPart,
  peers,
  runningService,
  type Tool,
  type ToolCommand,
} from "./tools.ts";

interface BenchOptions {
  readonly label: CorpusLabel;
  /** The corpus; it is copied, because one case changes files. */
  readonly corpus: string;
  /** An empty directory of the bench's own. */
  readonly work: string;
  readonly runs: number;
  readonly cases: readonly CaseName[];
  readonly tools: readonly string[];
}

/** Times of files younger than this prove nothing (src/archive/listing/unsettled.ts); the copied corpus has to be older. */
const settleMilliseconds = 62_000;

/** What a running service has done before, unmeasured: its code is compiled then, as it is after a night of backups. */
const warmUps = 2;

interface Prepared {
  readonly command: ToolCommand;
  /** Where what it writes can be weighed. */
  readonly output?: string | undefined;
}

/** What one tool does in a case, in each of its runs. */
interface Contender {
  readonly name: string;
  /** Undefined: it cannot do this. */
  readonly prepare: () => Prepared | undefined;
}

/** All cases over one corpus; in each, the tools take turns, so that noise falls on all of them alike. */
export class CorpusBench {
  readonly results: Result[] = [];
  readonly #options: BenchOptions;
  readonly #site: string;
  readonly #others: readonly Tool[];

  constructor(options: BenchOptions) {
    this.#options = options;
    this.#site = join(options.work, "site");
    this.#others = [newProcess, ...peers].filter(
      ({ isHere, name }) => isHere && (options.tools.length === 0 || options.tools.includes(name)),
    );
  }

  async run(): Promise<void> {
    const { cases, corpus, label } = this.#options;
    cpSync(corpus, this.#site, { recursive: true, preserveTimestamps: true });
    await setTimeout(settleMilliseconds);
    await this.#first();
    if (cases.includes("nothing changed")) await this.#nothingChanged();
    if (cases.includes("restore")) await this.#restore();
    if (label === "media") return;
    const needsChange = cases.includes("1 % changed") || cases.includes("restore 1 %");
    if (needsChange) console.error(JSON.stringify(changeTree(this.#site, "1")));
    if (cases.includes("1 % changed")) await this.#onePercentChanged();
    if (cases.includes("restore 1 %")) await this.#restoreOnePercent();
  }

  /** Always run: what the others start from. Its archives stay. */
  async #first(): Promise<void> {
    await this.#inTurns("first", (ours) =>
      this.#eachTool(ours, (tool) => {
        const output = this.#output(tool.name);
        for (const old of [output, `${output}.cache`]) rmSync(old, { recursive: true, force: true });
        tool.prepare?.(output);
        return { command: tool.first(this.#site, output), output };
      }),
    );
  }

  async #nothingChanged(): Promise<void> {
    const least: Contender = {
      name: "walk + copy",
      prepare: () => {
        const output = this.#fresh("again");
        return { command: ownPart("walk-and-copy", this.#site, this.#output(oursName), output), output };
      },
    };
    await this.#inTurns("nothing changed", (ours) => [
      ...this.#eachTool(ours, (tool) => {
        const again = this.#fresh("again");
        const command = tool.again?.(this.#site, this.#output(tool.name), again);
        return command && { command, output: tool.hasRepository ? undefined : again };
      }),
      least,
    ]);
  }

  async #onePercentChanged(): Promise<void> {
    await this.#inTurns("1 % changed", (ours) =>
      this.#eachTool(ours, (tool) => {
        if (!tool.again) return undefined;
        const again = this.#fresh("again");
        const previous = this.#output(tool.name);
        if (!tool.hasRepository) return { command: tool.again(this.#site, previous, again), output: again };
        // Each run gets a copy of the repository that knows the first backup only.
        const repository = this.#fresh("repository");
        cpSync(previous, repository, { recursive: true });
        cpSync(`${previous}.cache`, `${repository}.cache`, { recursive: true, force: true });
        return { command: tool.again(this.#site, repository, again) };
      }),
    );
  }

  async #restore(): Promise<void> {
    await this.#inTurns("restore", (ours) =>
      this.#eachTool(ours, (tool) => {
        const command = tool.restore?.(this.#output(tool.name), this.#freshFolder("restored"));
        return command && { command };
      }),
    );
  }

  async #restoreOnePercent(): Promise<void> {
    const archive = this.#output(oursName);
    await this.#inTurns("restore 1 %", ({ name, compare, restore }) => [
      { name, prepare: () => ({ command: compare(archive, this.#site, this.#freshFolder("restored")) }) },
      { name: `${name}, all of it`, prepare: () => ({ command: restore(archive, this.#freshFolder("restored")) }) },
    ]);
  }

  #eachTool(ours: OwnTool, prepare: (tool: Tool) => Prepared | undefined): readonly Contender[] {
    return [ours, ...this.#others].map((tool) => ({ name: tool.name, prepare: () => prepare(tool) }));
  }

  async #inTurns(name: CaseName, contendersWith: (ours: OwnTool) => readonly Contender[]): Promise<void> {
    // One a case, so that its memory is this case's.
    const { engine, ours } = runningService();
    const contenders = contendersWith(ours);
    for (let run = -warmUps; run < this.#options.runs; run++)
      for (const contender of run < 0 ? contenders.slice(0, 1) : contenders)
        await this.#one(name, contender, { isMeasured: run >= 0 });
    await engine.close();
  }

  async #one(name: CaseName, contender: Contender, { isMeasured }: { readonly isMeasured: boolean }): Promise<void> {
    const prepared = contender.prepare();
    if (!prepared) return;
    // What the one before left in the page cache is not written at the expense of the next.
    execFileSync("sync");
    const { seconds, peakBytes } = await measure(prepared.command);
    if (!isMeasured) return;
    const bytes = prepared.output === undefined ? undefined : outputBytes(prepared.output);
    const corpus = this.#options.label;
    this.results.push({ case: name, corpus, tool: contender.name, seconds, peakBytes, outputBytes: bytes });
    console.error(`${name}, ${corpus}, ${contender.name}: ${seconds.toFixed(2)} s`);
  }

  #output(tool: string): string {
    return join(this.#options.work, `${tool.replaceAll(/[^a-z0-9]/g, "")}.out${tool === "restic" ? "" : ".zip"}`);
  }

  #freshFolder(name: string): string {
    const folder = this.#fresh(name);
    mkdirSync(folder);
    return folder;
  }

  /**
   * A name in the work directory with nothing there. What the ones before left stays until the end: ext4 passes over what was
   * deleted in the last minutes, one by one, and whoever makes thousands of files next would pay for it.
   */
  #fresh(name: string): string {
    return join(this.#options.work, `${name}.${process.hrtime.bigint()}`);
  }
}
