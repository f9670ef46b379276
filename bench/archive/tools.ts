import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command, EngineCommand } from "./measure.ts";
import { RunningEngine } from "./running-engine.ts";

export type ToolCommand = Command | EngineCommand;

export const oursName = "lifeboat";

/** One of the programs compared. What a tool cannot do, it has no command for. */
export interface Tool {
  readonly name: string;
  readonly isHere: boolean;
  /** Archives `site` into `output`, which does not exist (restic: an empty repository). */
  readonly first: (site: string, output: string) => ToolCommand;
  /** Backs the site up again; `previous` is what `first` made. */
  readonly again?: (site: string, previous: string, output: string) => ToolCommand;
  /** It has no archive of each backup, but one repository to which `again` adds. */
  readonly hasRepository?: true;
  /** Unpacks into an empty directory. */
  readonly restore?: (output: string, into: string) => ToolCommand;
  /** Makes `output` ready for `first`; not measured. */
  readonly prepare?: (output: string) => void;
}

/** Ours can also do half of a restore: find out what differs, and stage that. */
export interface OwnTool extends Tool {
  readonly restore: NonNullable<Tool["restore"]>;
  readonly compare: (archive: string, site: string, staging: string) => ToolCommand;
}

const has = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, program)));

/** This very bundle, playing one of its parts. */
export const ownPart = (part: string, ...parameters: readonly string[]): Command => ({
  program: process.execPath,
  arguments: [process.argv[1] ?? "", part, ...parameters],
});

const resticEnvironment = (repository: string): Readonly<Record<string, string>> => ({
  RESTIC_REPOSITORY: repository,
  RESTIC_PASSWORD: "bench",
  RESTIC_CACHE_DIR: `${repository}.cache`,
});

const restic: Tool = {
  name: "restic",
  isHere: has("restic"),
  hasRepository: true,
  prepare: (output) =>
    void execFileSync("restic", ["init", "-q"], { env: { ...process.env, ...resticEnvironment(output) } }),
  first: (site, output) => resticBackup(site, output),
  again: (site, previous) => resticBackup(site, previous),
  restore: (output, into) => ({
    program: "restic",
    arguments: ["restore", "-q", "latest", "--target", into],
    environment: resticEnvironment(output),
  }),
};

const resticBackup = (site: string, repository: string): Command => ({
  program: "restic",
  arguments: ["backup", "-q", "."],
  directory: site,
  environment: resticEnvironment(repository),
});

const ownTool = (name: string, command: (...parameters: readonly string[]) => ToolCommand): OwnTool => ({
  name,
  isHere: true,
  first: (site, output) => command("full", site, output),
  again: (site, previous, output) => command("again", site, previous, output),
  restore: (output, into) => command("restore", output, into),
  compare: (archive, site, staging) => command("compare", archive, site, staging),
});

/** The engine as a program that starts, does one thing and ends: what it never is for its users. */
export const newProcess = ownTool("lifeboat (new process)", (...parameters) => ownPart("ours", ...parameters));

/** The engine as it runs in the service: in a process that has done such work before. */
export const runningService = (): { readonly ours: OwnTool; readonly engine: RunningEngine } => {
  const engine = new RunningEngine(process.argv[1] ?? "");
  return { engine, ours: ownTool(oursName, (...parameters) => ({ engine, parameters })) };
};

export const peers: readonly Tool[] = [
  {
    name: "zip -6",
    isHere: has("zip"),
    first: (site, output) => ({ program: "zip", arguments: ["-q", "-r", "-6", output, "."], directory: site }),
    ...(has("unzip")
      ? { restore: (output, into) => ({ program: "unzip", arguments: ["-q", output, "-d", into] }) }
      : {}),
  },
  {
    name: "7z",
    isHere: has("7z"),
    first: (site, output) => ({
      program: "7z",
      arguments: ["a", "-tzip", "-mx=5", "-mmt=2", "-bso0", "-bsp0", output, "."],
      directory: site,
    }),
    restore: (output, into) => ({ program: "7z", arguments: ["x", "-bso0", "-bsp0", `-o${into}`, output] }),
  },
  {
    name: "bsdtar",
    isHere: has("bsdtar"),
    first: (site, output) => ({
      program: "bsdtar",
      arguments: ["--format", "zip", "-cf", output, "."],
      directory: site,
    }),
  },
  { name: "archiver", isHere: true, first: (site, output) => ownPart("archiver", site, output) },
  restic,
];

/** Bytes of a file, or of everything below a directory. */
export const outputBytes = (output: string): number => {
  const stat = statSync(output);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(output, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
};
