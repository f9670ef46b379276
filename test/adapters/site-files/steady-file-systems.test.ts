import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LocalDirectory } from "../../../src/adapters/site-files/local-directory.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { describeWith, hasCommand } from "../../support/needs.ts";
import { canMount, smallDisk, type SmallDisk } from "../../support/small-disk.ts";

const memoryDisk = "/dev/shm";
const tmpfs = 0x01021994;
const hasTmpfs = process.platform === "linux" && existsSync(memoryDisk) && statfsSync(memoryDisk).type === tmpfs;

const writeMapped = `
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    memory = mmap.mmap(file.fileno(), 0)
    assert memory[0:6] == b"before"
    memory[0:5] = b"after"
`;

/** Content changes, and nothing that can be asked of the file does. */
const expectDoubted = async (folder: string): Promise<void> => {
  const files = new LocalDirectory([{ at: pathFromText(""), directory: folder }]);
  const page = pathFromText("page");
  writeFileSync(join(folder, "page"), "before");
  const before = await files.stat(page);
  execFileSync("python3", ["-c", writeMapped, join(folder, "page")]);

  expect(Buffer.from(await files.read(page, 0, 5)).toString()).toBe("after");
  expect(await files.stat(page)).toEqual(before);
  expect(before).not.toHaveProperty("ctimeNs");
  expect(files.provesUnchanged).toBe(false);
};

describeWith("tmpfs and python3", hasTmpfs && hasCommand("python3"), "a site on tmpfs", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(memoryDisk, "lifeboat-test-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is never called unchanged by its times, which writes through mapped memory leave alone", async () =>
    expectDoubted(folder));
});

describeWith("mount and python3", canMount && hasCommand("python3"), "a site on an overlay", () => {
  let disk: SmallDisk;
  let folder: string;
  beforeEach(() => {
    disk = smallDisk(1);
    const at = (name: string): string => join(disk.folder, name);
    for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(at(name));
    folder = at("merged");
    const layers = `lowerdir=${at("lower")},upperdir=${at("upper")},workdir=${at("work")}`;
    execFileSync("mount", ["-t", "overlay", "overlay", "-o", layers, folder]);
  });
  afterEach(() => {
    execFileSync("umount", ["--lazy", folder]);
    disk.remove();
  });

  it("is no better than what lies below, which may be tmpfs", async () => expectDoubted(folder));
});
