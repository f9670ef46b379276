import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeFolder } from "../../../src/adapters/machine/make-folder.ts";
import { describeWith } from "../../support/needs.ts";

let base: string;
beforeEach(() => (base = mkdtempSync(join(tmpdir(), "lifeboat-folder-"))));
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe("making a folder", () => {
  it("makes those it lies in too, all of the mode", async () => {
    expect(await makeFolder(join(base, "a", "b"), 0o700)).toBe(join(base, "a"));
    expect([join(base, "a"), join(base, "a", "b")].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  it("leaves one that is there, also by a link", async () => {
    await makeFolder(join(base, "a"));
    symlinkSync(join(base, "a"), join(base, "link"));
    expect(await makeFolder(join(base, "a"))).toBeUndefined();
    expect(await makeFolder(join(base, "link"))).toBeUndefined();
    expect(await makeFolder("/")).toBeUndefined();
    expect(await makeFolder(join(base, "a", "b"))).toBe(join(base, "a", "b"));
  });

  it("is no harm from several sides at once", async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => makeFolder(join(base, "a", "b", "c"))));
    expect(made.filter((outermost) => outermost === join(base, "a"))).toHaveLength(1);
  });

  it("throws the system's error where a file stands in the way", async () => {
    writeFileSync(join(base, "file"), "");
    await expect(makeFolder(join(base, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(makeFolder(join(base, "file", "a"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });
});

describeWith("Linux", process.platform === "linux", "a folder where the system makes none", () => {
  it("is an error, and not waited for", async () => {
    await expect(makeFolder("/proc/lifeboat/a/b")).rejects.toMatchObject({ code: "ENOENT", path: "/proc/lifeboat" });
  });
});
