import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LocalDirectory } from "../../../src/adapters/site-files/local-directory.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import type { LeftOut } from "../../../src/domain/listing.ts";
import { describeWith, hasCommand } from "../../support/needs.ts";
import { buildTree, temporaryFolder, treeOf } from "../../support/file-tree.ts";

const path = pathFromText;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  vi.unstubAllEnvs();
  folder.remove();
});

const notKept = async (files: LocalDirectory): Promise<readonly LeftOut[]> => {
  const lost: LeftOut[] = [];
  for await (const one of files.attributesNotKept()) lost.push(one);
  return lost.toSorted((a, b) => (a.path < b.path ? -1 : 1));
};
const home = (): LocalDirectory => new LocalDirectory([{ at: path(""), directory: folder.path }]);

const tools = process.platform === "linux" && ["getfattr", "setfattr", "setfacl"].every(hasCommand);
describeWith("attr and acl", tools, "attributes that a backup lacks", () => {
  it("are named with their file, whatever its name", async () => {
    buildTree(folder.path, treeOf({ "plain/file": { content: "" }, "new\nline\\ü": { content: "" }, shared: {} }));
    execFileSync("setfattr", ["-n", "user.comment", "-v", "hello", join(folder.path, "new\nline\\ü")]);
    execFileSync("setfacl", ["-m", "u:12345:r", join(folder.path, "shared")]);
    execFileSync("setfattr", ["-n", "user.color", "-v", "red", join(folder.path, "shared")]);
    expect(await notKept(home())).toEqual([
      { path: path("new\nline\\ü"), reason: "It is in the backup without its extended attributes (user.comment)." },
      {
        path: path("shared"),
        reason: "It is in the backup without its access list and extended attributes (user.color).",
      },
    ]);
  });

  it("are looked for in each of a site's directories, at its place, and not in Lifeboat's own", async () => {
    buildTree(folder.path, treeOf({ "home/data/file": { content: "" }, "home/.lifeboat-x/file": { content: "" } }));
    mkdirSync(join(folder.path, "shop"));
    writeFileSync(join(folder.path, "shop/index.html"), "");
    for (const file of ["home/data/file", "home/.lifeboat-x/file", "shop/index.html"])
      execFileSync("setfattr", ["-n", "user.comment", "-v", "hello", join(folder.path, file)]);
    const files = new LocalDirectory([
      { at: path(""), directory: join(folder.path, "home") },
      { at: path("site/wwwroot"), directory: join(folder.path, "shop") },
    ]);
    expect((await notKept(files)).map((lost) => lost.path)).toEqual(["data/file", "site/wwwroot/index.html"]);
  });
});

describe("where a file is gone, or can have none", () => {
  const getfattrSays = (complaints: readonly string[]): void => {
    const lines = complaints.map((line) => `echo "getfattr: ${line}" >&2`);
    writeFileSync(join(folder.path, "getfattr"), ["#!/bin/sh", ...lines, "exit 1", ""].join("\n"), { mode: 0o755 });
    vi.stubEnv("PATH", folder.path);
  };
  const gone = "/srv/shop/cache: No such file or directory";
  const closed = "/srv/shop/closed: Permission denied";

  it("misses nothing of those that are gone", async () => {
    getfattrSays([gone, gone]);
    expect(await notKept(home())).toEqual([]);
  });

  it("says nothing of a file system that knows no attributes, however many files it complains of", async () => {
    getfattrSays(["/srv/shop: Operation not supported", "/srv/shop/a: Operation not supported"]);
    expect(await notKept(home())).toEqual([]);
  });

  it("says what else it could not look at", async () => {
    getfattrSays([closed, gone]);
    expect(await notKept(home())).toEqual([
      { path: "", reason: expect.stringMatching(/could not be looked for: getfattr: .*closed: Permission denied\.$/) },
    ]);
  });
});

describe("without the tool that knows them", () => {
  it("says in one line that nobody looked", async () => {
    vi.stubEnv("PATH", folder.path);
    expect(await notKept(home())).toEqual([
      {
        path: "",
        reason:
          "Extended attributes and access lists are not kept, and could not be looked for: getfattr is not installed.",
      },
    ]);
  });
});
