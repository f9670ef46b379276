import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runTool, ToolFailed, toolOutput, type ToolCall } from "../../../src/adapters/databases/tool-process.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-tool-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A call of a shell script in the place of a tool. */
const script = (text: string, more: Partial<ToolCall> = {}): ToolCall => {
  const command = join(folder, "tool");
  writeFileSync(command, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return { command, args: [], env: {}, signal: new AbortController().signal, ...more };
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // What has ended and not been waited for by init yet.
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};
const gone = (...pids: readonly number[]) => vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), 15_000);

/** The numbers a script wrote, once it has. */
const pidsIn = async (file: string): Promise<number[]> => {
  await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, "utf8").endsWith("\n")).toBe(true), 15_000);
  return readFileSync(file, "utf8").trim().split(/\s+/).map(Number);
};

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe.skipIf(process.platform === "win32")("a vendor's tool", () => {
  it("gets its input and gives its output as they are", async () => {
    expect(await runTool(script("cat", { input: pieces("one ", "two") }))).toBe("one two");
  });

  it("gets its own secrets in its environment and none of Lifeboat's", async () => {
    vi.stubEnv("LIFEBOAT_BOOTSTRAP_KEY", "not-for-tools");
    try {
      const said = await runTool(script("env", { env: { PGPASSWORD: "given" } }));
      expect(said).toContain("PGPASSWORD=given");
      expect(said).not.toContain("not-for-tools");
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("fails with its code and what it said, also when all of its output has come", async () => {
    const lines: string[] = [];
    const call = script("echo all; echo 'cannot go on' >&2; exit 3", { onLine: (line) => void lines.push(line) });
    const error: unknown = await runTool(call).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ToolFailed);
    expect(error).toMatchObject({ code: 3, said: "cannot go on" });
    expect(lines).toEqual(["cannot go on"]);
  });

  it("is ended with everything it started when it is cancelled", async () => {
    const stop = new AbortController();
    const file = join(folder, "pids");
    const work = runTool(script(`sleep 300 & echo $$ $! > ${file}; wait`, { signal: stop.signal }));
    const failed = expect(work).rejects.toThrow("enough");
    const pids = await pidsIn(file);
    stop.abort(new Error("enough"));
    await failed;
    await gone(...pids);
  });

  it("is killed when it does not heed that", { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    const file = join(folder, "pids");
    const work = runTool(script(`trap '' TERM; echo $$ > ${file}; while :; do sleep 1; done`, { signal: stop.signal }));
    const failed = expect(work).rejects.toThrow("enough");
    const pids = await pidsIn(file);
    stop.abort(new Error("enough"));
    await failed;
    await gone(...pids);
  });

  it("is ended when nobody reads on", async () => {
    const file = join(folder, "pids");
    for await (const _ of toolOutput(script(`echo $$ > ${file}; yes`))) break;
    await gone(...(await pidsIn(file)));
  });

  it("never takes a source that failed for the end of its input", async () => {
    const file = join(folder, "whole");
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("half");
      throw new Error("the archive is gone");
    };
    const work = runTool(script(`cat > /dev/null && touch ${file}`, { input: failing() }));
    await expect(work).rejects.toThrow("the archive is gone");
    expect(existsSync(file)).toBe(false);
  });

  it("may end before it has read everything", async () => {
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(65_536);
    };
    const error: unknown = await runTool(
      script("head -c 10 >/dev/null; echo no >&2; exit 4", { input: endless() }),
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 4, said: "no" });
  });

  it("ends with this process, however that ends", async () => {
    const file = join(folder, "pids");
    const { command } = script(`sleep 300 & echo $$ $! > ${file}; wait`);
    const outfile = join(folder, "parent.mjs");
    const contents = `import { runTool } from "./src/adapters/databases/tool-process.ts";
      await runTool({ command: ${JSON.stringify(command)}, args: [], env: {}, signal: new AbortController().signal });`;
    await build({
      stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
    });
    const parent = spawn(process.execPath, [outfile], { stdio: "ignore" });
    const pids = await pidsIn(file);
    parent.kill("SIGKILL");
    await once(parent, "close");
    await gone(...pids);
  });
});
