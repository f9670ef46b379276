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
  readonly output: string | undefined;
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
    await this.#inTurns("first", this.#withOthers, (tool) => {
      const output = this.#output(tool.name);
      for (const old of [output, `${output}.cache`]) rmSync(old, { recursive: true, force: true });
      tool.prepare?.(output);
      return { command: tool.first(this.#site, output), output };
    });
  }

  readonly #withOthers = (ours: OwnTool): readonly Tool[] => [ours, ...this.#others];

  async #nothingChanged(): Promise<void> {
    const least: Tool = {
      name: "walk + copy",
      isHere: true,
      first: () => ownPart("walk-and-copy"),
      again: (site, _, output) => ownPart("walk-and-copy", site, this.#output(oursName), output),
    };
    const tools = (ours: OwnTool): readonly Tool[] => [...this.#withOthers(ours), least];
    await this.#inTurns("nothing changed", tools, (tool) => {
      const again = this.#fresh("again");
      const command = tool.again?.(this.#site, this.#output(tool.name), again);
      return command && { command, output: tool.hasRepository ? undefined : again };
    });
  }

  async #onePercentChanged(): Promise<void> {
    await this.#inTurns("1 % changed", this.#withOthers, (tool) => {
      if (!tool.again) return undefined;
      const again = this.#fresh("again");
      const previous = this.#output(tool.name);
      if (!tool.hasRepository) return { command: tool.again(this.#site, previous, again), output: again };
      // Each run gets a copy of the repository that knows the first backup only.
      const repository = this.#fresh("repository");
      cpSync(previous, repository, { recursive: true });
      cpSync(`${previous}.cache`, `${repository}.cache`, { recursive: true, force: true });
      return { command: tool.again(this.#site, repository, again), output: undefined };
    });
  }

  async #restore(): Promise<void> {
    await this.#inTurns("restore", this.#withOthers, (tool) => {
      const command = tool.restore?.(this.#output(tool.name), this.#freshFolder("restored"));
      return command && { command, output: undefined };
    });
  }

  async #restoreOnePercent(): Promise<void> {
    const archive = this.#output(oursName);
    const tools = (ours: OwnTool): readonly Tool[] => [
      { ...ours, restore: (output, into) => ours.compare(output, this.#site, into) },
      { ...ours, name: "lifeboat, all of it" },
    ];
    await this.#inTurns("restore 1 %", tools, (tool) => {
      const command = tool.restore?.(archive, this.#freshFolder("restored"));
      return command && { command, output: undefined };
    });
  }

  async #inTurns(
    name: CaseName,
    toolsWith: (ours: OwnTool) => readonly Tool[],
    prepare: (tool: Tool) => Prepared | undefined,
  ): Promise<void> {
    // One a case, so that its memory is this case's.
    const { engine, ours } = runningService();
    const tools = toolsWith(ours);
    for (let run = -warmUps; run < this.#options.runs; run++)
      for (const tool of run < 0 ? tools.slice(0, 1) : tools)
        await this.#one(name, tool, { prepare, isMeasured: run >= 0 });
    await engine.close();
  }

  async #one(
    name: CaseName,
    tool: Tool,
    { prepare, isMeasured }: { readonly prepare: (tool: Tool) => Prepared | undefined; readonly isMeasured: boolean },
  ): Promise<void> {
    const prepared = prepare(tool);
    if (!prepared) return;
    // What the one before left in the page cache is not written at the expense of the next.
    execFileSync("sync");
    const { seconds, peakBytes } = await measure(prepared.command);
    if (!isMeasured) return;
    const bytes = prepared.output === undefined ? undefined : outputBytes(prepared.output);
    const corpus = this.#options.label;
    this.results.push({ case: name, corpus, tool: tool.name, seconds, peakBytes, outputBytes: bytes });
    console.error(`${name}, ${corpus}, ${tool.name}: ${seconds.toFixed(2)} s`);
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
