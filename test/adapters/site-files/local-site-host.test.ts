import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localSiteHost } from "../../../src/adapters/site-files/local-site-host.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { asNobody } from "../../support/as-nobody.ts";
import { canMount, smallDisk } from "../../support/small-disk.ts";
import { describeWith } from "../../support/needs.ts";
import { SiteCommandFailed, type SiteSettings } from "../../../src/ports/site-host.ts";

let folder: string;
let page: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-host-"));
  mkdirSync(join(folder, "home", "site", "wwwroot"), { recursive: true });
  page = join(folder, "home", "site", "wwwroot", "app_offline.htm");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const settings: SiteSettings = {
  read: () => Promise.resolve({ appSettings: {}, connectionStrings: {} }),
  write: () => Promise.resolve(),
};
const host = (commands: { readonly stopCommand?: string; readonly startCommand?: string } = {}) =>
  localSiteHost({ roots: [{ at: pathFromText(""), directory: join(folder, "home") }], settings, ...commands });

describe("a site on this machine", () => {
  it("is empty, present or missing", async () => {
    expect(await host().content()).toBe("empty");
    writeFileSync(join(folder, "home", "site", "wwwroot", "index.html"), "x");
    expect(await host().content()).toBe("present");
    rmSync(join(folder, "home"), { recursive: true });
    expect(await host().content()).toBe("missing");
  });

  it("leaves what a death left of a look at its names out of backups, and forgets it with other runs' rests", async () => {
    writeFileSync(join(folder, "home", "index.html"), "x");
    const { rmSync: before } = fs;
    fs.rmSync = () => {
      throw new Error("the process ends here");
    };
    syncBuiltinESMExports();
    const twins = [["Logo.png", "logo.png"].map(pathFromText)];
    await expect(host().exchange("restore-1").clashes(twins)).rejects.toThrow("the process ends here");
    fs.rmSync = before;
    syncBuiltinESMExports();
    const names = async (): Promise<string[]> => {
      const listed: string[] = [];
      for await (const { entries } of host().files.list()) listed.push(...entries.map(({ path }) => path));
      return listed;
    };
    expect(readdirSync(join(folder, "home"))).toHaveLength(3);
    expect(await names()).toEqual(["index.html", "site", "site/wwwroot"]);
    const [left = ""] = await host().exchanges();
    await host().exchange(left).forget();
    expect(readdirSync(join(folder, "home"))).toEqual(["index.html", "site"]);
    expect(await host().exchanges()).toEqual([]);
  });

  it("has a page in front while it is stopped, which is no content of its own", async () => {
    expect(await host().stop("restore-1")).toBe("page");
    expect(readFileSync(page, "utf8")).toContain("restore-1");
    expect(await host().content()).toBe("empty");
    await host().stop("restore-1");
    await host().start("restore-1");
    expect(existsSync(page)).toBe(false);
    await host().start("restore-1");
  });

  it("brings its page to the disk, and that it is gone again: after a power cut nobody would take it away", async () => {
    const real = fs.fsyncSync;
    const synced: string[] = [];
    fs.fsyncSync = (descriptor) => {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      synced.push(`${path.slice(folder.length)} ${existsSync(page) ? statSync(page).size > 0 : "gone"}`);
      real(descriptor);
    };
    syncBuiltinESMExports();
    try {
      await host().stop("restore-1");
      expect(synced).toContain("/home/site/wwwroot true");
      await host().start("restore-1");
      expect(synced.at(-1)).toBe("/home/site/wwwroot gone");
    } finally {
      fs.fsyncSync = real;
      syncBuiltinESMExports();
    }
  });

  it("gives the look of its served folder to no other that a user's link puts in its place meanwhile", async () => {
    const wwwroot = join(folder, "home", "site", "wwwroot");
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o755 });
    chmodSync(wwwroot, 0o777);
    const before = statSync(elsewhere);
    const real = fs.linkSync;
    fs.linkSync = (from, to) => {
      real(from, to);
      renameSync(wwwroot, `${wwwroot}-moved`);
      symlinkSync(elsewhere, wwwroot);
    };
    syncBuiltinESMExports();
    try {
      await host().stop("restore-1");
    } finally {
      fs.linkSync = real;
      syncBuiltinESMExports();
    }
    const { mode, mtimeMs } = statSync(elsewhere);
    expect([mode, mtimeMs]).toEqual([before.mode, before.mtimeMs]);
  });

  it("leaves a page of the user's own alone", async () => {
    writeFileSync(page, "closed for today");
    await host().stop("restore-1");
    await host().start("restore-1");
    expect(readFileSync(page, "utf8")).toBe("closed for today");
  });

  it("is online again whichever run's page stood in front of it", async () => {
    await host().stop("restore-1");
    await host().start("restore-2");
    expect(existsSync(page)).toBe(false);
  });

  it("is stopped and started by its commands", async () => {
    const mark = join(folder, "mark");
    const commanded = host({ stopCommand: `echo stopped > '${mark}'`, startCommand: `echo started > '${mark}'` });
    expect(await commanded.stop("restore-1")).toBe("stopped");
    expect(readFileSync(mark, "utf8")).toBe("stopped\n");
    await commanded.start("restore-1");
    expect(readFileSync(mark, "utf8")).toBe("started\n");
  });

  it("tells how a command failed and what it printed, and keeps Lifeboat's settings from it", async () => {
    process.env["LIFEBOAT_TEST_PLANTED"] = "planted";
    const commanded = host({ stopCommand: 'echo "no such service $LIFEBOAT_TEST_PLANTED"; exit 3' });
    await expect(commanded.stop("restore-1")).rejects.toThrow(SiteCommandFailed);
    await expect(commanded.stop("restore-1")).rejects.toThrow(/ended with 3.*no such service$/);
    delete process.env["LIFEBOAT_TEST_PLANTED"];
  });

  it("tells which runs left something behind", async () => {
    await host().exchange("restore-1").stage("a1");
    expect(await host().exchanges()).toEqual(["restore-1"]);
    await host().exchange("restore-1").forget();
    expect(await host().exchanges()).toEqual([]);
  });
});

describe("a site whose served folder belongs to somebody else", () => {
  it("is stopped and started by a service that may write there, which may not set the folder's time", async () => {
    const real = fs.utimesSync;
    fs.utimesSync = () => {
      throw Object.assign(new Error("EPERM: operation not permitted, utime"), { code: "EPERM" });
    };
    syncBuiltinESMExports();
    try {
      expect(await host().stop("restore-1")).toBe("page");
      expect(readFileSync(page, "utf8")).toContain("restore-1");
      await host().start("restore-1");
    } finally {
      fs.utimesSync = real;
      syncBuiltinESMExports();
    }
    expect(existsSync(page)).toBe(false);
    expect(readdirSync(folder)).toEqual(["home"]);
  });
});

describe("a site whose page is somebody else's, and may not be read", () => {
  const wwwroot = () => join(folder, "home", "site", "wwwroot");
  const ours = (work: () => Promise<unknown>) => {
    for (const place of [folder, join(folder, "home"), join(folder, "home", "site"), wwwroot()])
      chmodSync(place, 0o777);
    writeFileSync(page, "closed for today");
    chmodSync(page, 0o000);
    return asNobody(work);
  };

  it("is stopped and started, and keeps it", async () => {
    await ours(async () => {
      await host().stop("restore-1");
      await host().start("restore-1");
    });
    chmodSync(page, 0o600);
    expect(readFileSync(page, "utf8")).toBe("closed for today");
  });

  it("has it exchanged like any other file", async () => {
    const path = pathFromText("site/wwwroot/app_offline.htm");
    await ours(async () => {
      const exchange = host().exchange("restore-1");
      await exchange.stage("a1");
      await exchange.swap([{ kind: "remove", path }]);
      expect(existsSync(page)).toBe(false);
      await exchange.putBack();
    });
    chmodSync(page, 0o600);
    expect(readFileSync(page, "utf8")).toBe("closed for today");
  });

  it("has another placed over it, and the first put back", async () => {
    const path = pathFromText("site/wwwroot/app_offline.htm");
    await ours(async () => {
      const exchange = host().exchange("restore-1");
      const [root] = await exchange.stage("a1");
      mkdirSync(join(root?.directory ?? "", "site", "wwwroot"), { recursive: true });
      writeFileSync(join(root?.directory ?? "", "site", "wwwroot", "app_offline.htm"), "from the archive");
      await exchange.swap([{ kind: "place", path, attempt: "a1" }]);
      expect(readFileSync(page, "utf8")).toBe("from the archive");
      await exchange.putBack();
    });
    chmodSync(page, 0o600);
    expect(readFileSync(page, "utf8")).toBe("closed for today");
  });
});

describe("a site on a file system that flushes no folders", () => {
  it("is stopped, exchanged and started all the same", async () => {
    const real = fs.fsyncSync;
    fs.fsyncSync = (descriptor) => {
      if (fs.fstatSync(descriptor).isDirectory())
        throw Object.assign(new Error("EINVAL: invalid argument, fsync"), { code: "EINVAL" });
      real(descriptor);
    };
    syncBuiltinESMExports();
    try {
      const exchange = host().exchange("restore-1");
      const [root] = await exchange.stage("a1");
      writeFileSync(join(root?.directory ?? "", "new"), "new");
      await exchange.settle("a1", []);
      await host().stop("restore-1");
      await exchange.swap([{ kind: "place", path: pathFromText("new"), attempt: "a1" }]);
      await host().start("restore-1");
    } finally {
      fs.fsyncSync = real;
      syncBuiltinESMExports();
    }
    expect(readFileSync(join(folder, "home", "new"), "utf8")).toBe("new");
    expect(existsSync(page)).toBe(false);
  });
});

describeWith("mount", canMount, "a site on a full disk", () => {
  it("is not stopped, and no empty page stands in front of it for good", async () => {
    const disk = smallDisk(1);
    try {
      const home = join(disk.folder, "home");
      const wwwroot = join(home, "site", "wwwroot");
      mkdirSync(wwwroot, { recursive: true });
      disk.fill();
      const long = new Date("2024-05-06T07:08:09.123Z");
      utimesSync(wwwroot, long, long);
      const full = localSiteHost({ roots: [{ at: pathFromText(""), directory: home }], settings });
      await expect(full.stop("restore-1")).rejects.toThrow("ENOSPC");
      expect(readdirSync(wwwroot)).toEqual([]);
      expect(statSync(wwwroot).mtime).toEqual(long);
      await full.start("restore-1");
      expect(readdirSync(disk.folder)).toEqual(["ballast", "home"]);
    } finally {
      disk.remove();
    }
  });
});

describeWith("mount", canMount, "a site whose home is a mount point", () => {
  it("has the time that it had when it is stopped and started", async () => {
    const disk = smallDisk(1);
    try {
      mkdirSync(join(disk.folder, "site", "wwwroot"), { recursive: true });
      const long = new Date("2024-05-06T07:08:09.123Z");
      utimesSync(disk.folder, long, long);
      const mounted = localSiteHost({ roots: [{ at: pathFromText(""), directory: disk.folder }], settings });
      await mounted.stop("restore-1");
      expect(existsSync(join(disk.folder, "site", "wwwroot", "app_offline.htm"))).toBe(true);
      await mounted.start("restore-1");
      expect(readdirSync(disk.folder)).toEqual(["site"]);
      expect(statSync(disk.folder).mtime).toEqual(long);
    } finally {
      disk.remove();
    }
  });
});

describe("killed at any change that its page needs", () => {
  const wwwroot = (): string => join(folder, "home", "site", "wwwroot");
  const long = new Date("2024-05-06T07:08:09.123Z");

  const changes = [
    "writeFileSync",
    "linkSync",
    "renameSync",
    "rmSync",
    "rmdirSync",
    "mkdirSync",
    "utimesSync",
  ] as const;

  /** From the change on that it dies at, nothing is done any more, also not what `finally` asks for. */
  const dyingAt = async (change: number, isHalf: boolean, work: () => Promise<unknown>): Promise<boolean> => {
    let made = 0;
    const real = changes.map((name) => [name, fs[name]] as const);
    for (const [name, make] of real)
      Object.assign(fs, {
        [name]: (...given: [never, never, never]) => {
          if (![folder, "/proc/self/fd/"].some((own) => String(given[0]).startsWith(own))) return make(...given);
          made++;
          if (isHalf && made === change && name === "writeFileSync") fs.openSync(given[0], "w");
          if (made >= change) throw new Error("dead");
          return make(...given);
        },
      });
    syncBuiltinESMExports();
    try {
      await work().catch(() => undefined);
    } finally {
      for (const [name, make] of real) Object.assign(fs, { [name]: make });
      syncBuiltinESMExports();
    }
    return made >= change;
  };

  /** As closing a run does it: a folder of it that is empty may be left. */
  const expectAsBefore = async (): Promise<void> => {
    await host().exchange("restore-1").forget();
    expect(statSync(wwwroot()).mtime).toEqual(long);
    expect(readdirSync(folder)).toEqual(["home"]);
  };

  it.each([
    { name: "stopping", isHalf: false },
    { name: "stopping, files half written", isHalf: true },
    { name: "starting", isHalf: false },
    { name: "starting, files half written", isHalf: true },
  ])("$name again leaves the page or none, and the folder's time", async ({ name, isHalf }) => {
    const isStop = name.startsWith("stop");
    let deaths = 0;
    for (let hasDied = true; hasDied; deaths++) {
      utimesSync(wwwroot(), long, long);
      if (!isStop) await host().stop("restore-1");
      const work = () => (isStop ? host().stop("restore-1") : host().start("restore-1"));
      hasDied = await dyingAt(deaths + 1, isHalf, work);
      await work();
      expect(existsSync(page)).toBe(isStop);
      if (isStop) expect(readFileSync(page, "utf8")).toMatch(/restore-1(.|\n)*<\/p>\n$/);
      await expectAsBefore();
      await host().start("restore-1");
      await expectAsBefore();
    }
    expect(deaths).toBeGreaterThan(isStop ? 8 : 5);
  });

  it("does not take a page of the user's for its own", async () => {
    for (let change = 1, hasDied = true; hasDied; change++) {
      writeFileSync(page, "");
      utimesSync(wwwroot(), long, long);
      hasDied = await dyingAt(change, true, () => host().stop("restore-1"));
      await host().stop("restore-1");
      await host().start("restore-1");
      expect(readFileSync(page, "utf8")).toBe("");
      await expectAsBefore();
    }
  });
});
