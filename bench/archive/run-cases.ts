import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { changeTree } from "../corpora/change-tree.ts";
import { type Command, measure } from "./measure.ts";
import type { CaseName, CorpusLabel, Result } from "./results.ts";
import { ours, outputBytes, ownPart, peers, type Tool } from "./tools.ts";

export interface BenchOptions {
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

/** All cases over one corpus; in each, the tools take turns, so that noise falls on all of them alike. */
export class CorpusBench {
  readonly results: Result[] = [];
  readonly #options: BenchOptions;
  readonly #site: string;
  readonly #tools: readonly Tool[];

  constructor(options: BenchOptions) {
    this.#options = options;
    this.#site = join(options.work, "site");
    this.#tools = [ours, ...peers].filter(
      (tool) => tool.isHere && (tool === ours || options.tools.length === 0 || options.tools.includes(tool.name)),
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
    await this.#inTurns("first", this.#tools, async (tool) => {
      const output = this.#output(tool);
      for (const old of [output, `${output}.cache`]) rmSync(old, { recursive: true, force: true });
      tool.prepare?.(output);
      return { command: tool.first(this.#site, output), output };
    });
  }

  async #nothingChanged(): Promise<void> {
    const least: Tool = {
      name: "walk + copy",
      isHere: true,
      first: (site, output) => ownPart("walk-and-copy", site, this.#output(ours), output),
    };
    await this.#inTurns("nothing changed", [...this.#tools, least], async (tool) => {
      const again = this.#fresh("again");
      if (tool === least) return { command: tool.first(this.#site, again), output: again };
      const command = tool.again?.(this.#site, this.#output(tool), again);
      return command && { command, output: existsSync(this.#output(tool)) && tool !== ours ? undefined : again };
    });
  }

  async #onePercentChanged(): Promise<void> {
    await this.#inTurns("1 % changed", this.#tools, async (tool) => {
      if (!tool.again) return undefined;
      const again = this.#fresh("again");
      if (tool === ours) return { command: tool.again(this.#site, this.#output(tool), again), output: again };
      // It adds to its repository, so each run gets a copy of the one that knows the first backup only.
      const repository = this.#fresh("repository");
      cpSync(this.#output(tool), repository, { recursive: true });
      cpSync(`${this.#output(tool)}.cache`, `${repository}.cache`, { recursive: true, force: true });
      return { command: tool.again(this.#site, repository, again), output: undefined };
    });
  }

  async #restore(): Promise<void> {
    await this.#inTurns("restore", this.#tools, async (tool) => {
      const into = this.#fresh("restored");
      mkdirSync(into);
      const command = tool.restore?.(this.#output(tool), into);
      return command && { command, output: undefined };
    });
  }

  async #restoreOnePercent(): Promise<void> {
    const all: Tool = { ...ours, name: "lifeboat, all of it" };
    await this.#inTurns("restore 1 %", [ours, all], async (tool) => {
      const into = this.#fresh("restored");
      mkdirSync(into);
      const archive = this.#output(ours);
      const command =
        tool === all ? ours.restore?.(archive, into) : ownPart("ours", "compare", archive, this.#site, into);
      return command && { command, output: undefined };
    });
  }

  async #inTurns(
    name: CaseName,
    tools: readonly Tool[],
    prepare: (tool: Tool) => Promise<{ readonly command: Command; readonly output: string | undefined } | undefined>,
  ): Promise<void> {
    for (let run = 0; run < this.#options.runs; run++) {
      for (const tool of tools) {
        const prepared = await prepare(tool);
        if (!prepared) continue;
        // What the one before left in the page cache is not written at the expense of the next.
        execFileSync("sync");
        const { seconds, peakBytes } = await measure(prepared.command);
        const bytes = prepared.output === undefined ? undefined : outputBytes(prepared.output);
        const corpus = this.#options.label;
        this.results.push({ case: name, corpus, tool: tool.name, seconds, peakBytes, outputBytes: bytes });
        console.error(`${name}, ${corpus}, ${tool.name}: ${seconds.toFixed(2)} s`);
      }
    }
  }

  #output(tool: Tool): string {
    return join(
      this.#options.work,
      `${tool.name.replaceAll(/[^a-z0-9]/g, "")}.out${tool.name === "restic" ? "" : ".zip"}`,
    );
  }

  /** A name in the work directory with nothing there. */
  #fresh(name: string): string {
    for (const old of readdirSync(this.#options.work).filter((entry) => entry.startsWith(`${name}.`)))
      rmSync(join(this.#options.work, old), { recursive: true });
    return join(this.#options.work, `${name}.${process.hrtime.bigint()}`);
  }
}
