import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withShortPath } from "../../../src/archive/threads/long-path.ts";
import { makeFolder } from "../../../src/archive/threads/make-folder.ts";
import { writeNewFile } from "../../../src/archive/threads/write-new-file.ts";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "lifeboat-folder-"));
});
afterEach(() => execFileSync("rm", ["-rf", scratch]));

const below = (path: string): Buffer => Buffer.from(`${scratch}/${path}`, "latin1");
const isFolder = (path: Buffer): boolean => withShortPath(path, (short) => statSync(short).isDirectory());

describe.runIf(process.platform === "linux")("a folder", () => {
  it.each([
    ["of one level", "a"],
    ["of many short levels", "a/".repeat(300) + "a"],
    ["of a path of 4,000 bytes", `${"n".repeat(99)}/`.repeat(40) + "last"],
    ["of a path of 40,000 bytes", `${"n".repeat(249)}/`.repeat(160) + "last"],
    ["of no UTF-8", "\xff/\xfe".repeat(40)],
  ])("%s is made, once and again, and holds files", (_what, path) => {
    makeFolder(below(path));
    expect(isFolder(below(path))).toBe(true);
    makeFolder(below(path));
    writeNewFile(below(`${path}/beside/file`), Buffer.from("x"), { mode: 0o644, mtime: 1 });
    expect(withShortPath(below(`${path}/beside/file`), (short) => readFileSync(short, "utf8"))).toBe("x");
  });

  it("is made where some of its levels exist", () => {
    const levels = "a/".repeat(200);
    for (const there of [0, 1, 63, 64, 65, 150]) {
      const base = `from-${there}/`;
      mkdirSync(below(base + "a/".repeat(there)), { recursive: true });
      makeFolder(below(`${base}${levels}end`));
      expect(isFolder(below(`${base}${levels}end`))).toBe(true);
    }
  });

  it("is an error where the system makes none, and not waited for", async () => {
    const contents = `import { makeFolder } from "./src/archive/threads/make-folder.ts";
      makeFolder(Buffer.from("/proc/lifeboat/a/b"));`;
    const stdin = { contents, resolveDir: process.cwd() };
    const bundle = await build({ stdin, bundle: true, platform: "node", format: "esm", write: false });
    // Nothing but its end would stop whoever waits for the system.
    const program = ["--input-type=module", "--eval", bundle.outputFiles[0]?.text ?? ""];
    const { signal, stderr } = spawnSync(process.execPath, program, { timeout: 30_000, encoding: "utf8" });
    expect(signal).toBe(null);
    expect(stderr).toContain("ENOENT: no such file or directory, mkdir '/proc/lifeboat'");
  });

  it("is private", () => {
    makeFolder(below("a/".repeat(100) + "a"));
    expect(statSync(below("a")).mode & 0o777).toBe(0o700);
    expect(statSync(below("a/".repeat(100) + "a")).mode & 0o777).toBe(0o700);
  });

  it.each(["b/c", "b/".repeat(100)])("is refused where a file is in its way (%s)", (path) => {
    writeFileSync(below("b"), "x");
    expect(() => makeFolder(below(path))).toThrow(/ENOTDIR|EEXIST/);
    mkdirSync(below("deep/".repeat(70)), { recursive: true });
    writeFileSync(below(`${"deep/".repeat(70)}b`), "x");
    expect(() => makeFolder(below("deep/".repeat(70) + path))).toThrow(/ENOTDIR|EEXIST/);
  });
});
