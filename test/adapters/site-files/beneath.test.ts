import { closeSync, constants, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { holdDirectory, openBeneath, realRoot } from "../../../src/adapters/site-files/beneath.ts";
import { temporaryFolder } from "../../support/file-tree.ts";

let folder: ReturnType<typeof temporaryFolder>;
let root: string;
beforeEach(() => {
  folder = temporaryFolder();
  root = realRoot(folder.path);
  mkdirSync(join(root, "real/deeper"), { recursive: true });
  writeFileSync(join(root, "real/deeper/file"), "content");
});
afterEach(() => folder.remove());

const open = (path: string, flags = constants.O_RDONLY): string => {
  const descriptor = openBeneath(root, path, flags);
  try {
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
};

describe.skipIf(process.platform === "win32")("opening beneath a directory", () => {
  it("opens what lies there", () => {
    expect(open("real/deeper/file")).toBe("content");
  });

  it.each([
    ["the first folder", "link", "real", "link/deeper/file"],
    ["a folder further down", "real/link", "deeper", "real/link/file"],
    ["the file itself", "real/deeper/link", "file", "real/deeper/link"],
    ["a folder, leading outside", "out", "/etc", "out/passwd"],
  ])("refuses where %s is a link", (_, link, target, path) => {
    symlinkSync(target, join(root, link));
    expect(() => open(path)).toThrow(/ENOTDIR|ELOOP/);
  });

  it("creates nothing behind a link", () => {
    symlinkSync("real", join(root, "link"));
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    expect(() => holdDirectory(root, "link", "reach")).toThrow(/ENOTDIR|ELOOP/);
    const held = holdDirectory(root, "real/deeper", "reach");
    closeSync(openBeneath(root, "real/deeper/new", flags));
    expect(readFileSync(`${held.prefix}/new`, "utf8")).toBe("");
    held.close();
  });

  it("follows links only on the way to the root, which an administrator names", () => {
    const real = join(root, "real");
    symlinkSync(real, join(root, "link"));
    expect(realRoot(join(root, "link"))).toBe(real);
    expect(realRoot("/")).toBe("");
  });
});
