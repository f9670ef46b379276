import { build } from "esbuild";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The app of test/fixtures/crash-app on the devhost, in a process of its own. */
export interface CrashApp {
  readonly process: ChildProcess;
  /** Resolves once it serves, rejects when it ends before. */
  readonly url: Promise<string>;
  /** Its warnings and errors so far. */
  readonly complaints: readonly string[];
}

interface CrashAppFolders {
  /** Every activity adds its key to this file when it begins. */
  readonly journal: string;
  readonly dataDir: string;
}

const fixture = "test/fixtures/crash-app";
const built = "node_modules/.cache/lifeboat-crash-app";

/** For beforeAll. */
export const buildCrashApp = async (): Promise<void> =>
  void (await build({
    entryPoints: [`${fixture}/host.ts`, `${fixture}/app.ts`],
    outdir: built,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    packages: "external",
    external: ["@azure/functions-core"],
  }));

export const startCrashApp = ({ journal, dataDir }: CrashAppFolders): CrashApp => {
  const process = spawn(
    globalThis.process.execPath,
    [join(built, "host.js"), fixture, join(built, "app.js"), dataDir],
    { env: { ...globalThis.process.env, CRASH_JOURNAL: journal }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const complaints: string[] = [];
  createInterface({ input: process.stderr }).on("line", (line) => complaints.push(line));
  const url = new Promise<string>((resolve, reject) => {
    createInterface({ input: process.stdout }).once("line", resolve);
    process.once("exit", () => reject(new Error(`The host ended before it served. ${complaints.join("\n")}`)));
  });
  url.catch(() => undefined); // Some are killed so early that nobody waits for it.
  return { process, url, complaints };
};

export const endCrashApp = async ({ process }: CrashApp, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> => {
  if (process.exitCode !== null || process.signalCode !== null) return process.exitCode;
  const ended = once(process, "exit");
  process.kill(signal);
  await ended;
  return process.exitCode;
};

/** What an orchestration of the app answers. */
export const outputOf = (id: string): object => {
  const step = (key: string): object => ({ key, length: key.length });
  return {
    first: ["a", "b", "c"].map((name) => step(`${id}/${name}`)),
    group: ["d", "e", "f", "g"].map((name) => step(`${id}/${name}`)),
    child: ["x", "y"].map((name) => step(`${id}-part/${name}`)),
    last: step(`${id}/h`),
  };
};

export interface Status {
  readonly runtimeStatus: string;
  readonly output: unknown;
}

export const statusOf = async (url: string, id: string): Promise<Status> =>
  (await (await fetch(`${url}/status/${id}`)).json()) as Status; // The fixture answers so.

export const startOne = async (url: string, id: string): Promise<number> =>
  (await fetch(`${url}/start/${id}`, { method: "POST" })).status;
