import { mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine, unvarying, type CommandLine } from "../support/command-line.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { lifeboatZip } from "../support/lifeboat-zip.ts";

/** One service for all of it, used from top to bottom as on a first day. */
describe("the command line, piped", () => {
  const folder = temporaryFolder();
  const at = (...names: string[]): string => join(folder.path, ...names);
  const data = at("data");
  let service: LifeboatProcess;
  let lifeboat: CommandLine;
  const start = (): Promise<LifeboatProcess> =>
    startLifeboat({ data, flags: ["--tls-port", "0", "--site-roots", at("srv")] });

  beforeAll(async () => {
    mkdirSync(at("srv", "blog", "cache"), { recursive: true });
    writeFileSync(at("srv", "blog", "index.html"), "<h1>Blog</h1>\n");
    writeFileSync(at("srv", "blog", "cache", "page"), "x");
    writeFileSync(at("srv", "blog", "_backup.filter"), "/site/wwwroot/cache\n/site/wwwroot/logs\n");
    service = await start();
    lifeboat = commandLine({ LIFEBOAT_DATA: data }, folder.path);
  });
  afterAll(async () => {
    await killAll();
    folder.remove();
  });

  /** What it printed, with what differs from day to day by a word; it has to end with `code`. */
  const told = async (line: string, code = 0): Promise<string> => {
    const ended = await lifeboat.run(...line.split(" "));
    expect(`${line}: ${ended.code} ${code === ended.code ? "" : ended.err}`.trim()).toBe(`${line}: ${code}`);
    return unvarying(code === 0 || ended.out !== "" ? ended.out : ended.err).replaceAll(folder.path, "<folder>");
  };
  const json = async (line: string, code = 0): Promise<unknown> => JSON.parse(await told(`${line} --json`, code));

  it("describes a site, and tells what it finds", async () => {
    expect(await told(`site add blog ${at("srv", "blog")}`)).toBe(
      [
        "The site blog is described. A backup of it would hold",
        "  2 files, 53 B",
        "  without /site/wwwroot/cache (line 1 of the filter): 2 entries, 1 B",
        "  without /site/wwwroot/logs (line 2 of the filter): matches nothing",
        "`lifeboat backup blog` makes the first one, `lifeboat schedule blog --every 1d` one a day.",
        "",
      ].join("\n"),
    );
    expect(await told(`site add other ${at("data", "sites")}`, 4)).toMatch(/cannot be the directory of a site/);
    expect(await told(`site add other ${at("srv", "blog", "index.html")}`, 4)).toMatch(/cannot be the directory of a/);
    expect(await told("site list")).toBe(
      `SITE     FOLDER\nblog     <folder>/srv/blog\nexample  <folder>/data/www/example\n`,
    );
  });

  it("backs up, and tells the plan before", async () => {
    expect(await told("backup example --dry-run")).toBe(
      "A backup of example would hold\n  6 files, 2.1 KB\n  without /site/wwwroot/cache (line 3 of the filter): 2 entries, 68 B\n",
    );
    expect(await told("backup blog --name first")).toMatch(
      /^Backup 1 of blog: Succeeded in <n> s\n {2}first\.zip {2}1\.\d KB, from 53 B\n {2}Warning: line 2 .*matches nothing\.\n$/,
    );
    expect(await json("backup blog --quiet")).toEqual({
      backup: {
        site: "blog",
        id: 2,
        name: "blog_<stamp>",
        blobName: "blog_<stamp>.zip",
        status: "Succeeded",
        created: "<time>",
        finished: "<time>",
        sizeBytes: expect.any(Number),
        siteBytes: 53,
        databaseBytes: null,
        scheduled: false,
        expires: null,
        lastRestored: null,
        damaged: null,
        emptied: false,
        unreadable: false,
        databases: [],
        log: expect.stringContaining("matches nothing"),
      },
    });
  });

  it("lists and shows backups", async () => {
    expect((await told("list")).replace(/[\d.]+ KB/g, "<n> KB")).toBe(
      [
        "SITE  NUMBER  STATUS     CREATED          SIZE  NAME",
        "blog       1  Succeeded  <when>  <n> KB  first",
        "blog       2  Succeeded  <when>  <n> KB  blog_<stamp>",
        "",
      ]
        .join("\n")
        .replace("CREATED          SIZE", "CREATED             SIZE"),
    );
    expect(await told("show blog first")).toMatch(
      /^site {6}blog\nnumber {4}1\nname {6}first\nstatus {4}Succeeded\ncreated {3}<when>\nfinished {2}<when>\narchive {3}first\.zip, 1\.\d KB\nholds {5}53 B\nmade by {3}a person\nlog\n/,
    );
    expect(await json("list blog")).toMatchObject({ backups: [{ id: 1, name: "first" }, { id: 2 }] });
  });

  it("looks into a backup and takes out of it", async () => {
    expect(await told("ls blog 1 site/wwwroot")).toBe("_backup.filter\nindex.html\n");
    expect(await told("ls blog 1 site/wwwroot --long")).toMatch(
      /^MODE +BYTES +MODIFIED +NAME\n0644 +39 +<when> +_backup\.filter\n0644 +14 +<when> +index\.html\n$/,
    );
    expect(await told("cat blog first site/wwwroot/index.html")).toBe("<h1>Blog</h1>\n");
    expect(await json("get blog 1 site/wwwroot/index.html --output page.zip")).toEqual({
      saved: { site: "blog", backup: 1, file: "<folder>/page.zip", format: "zip" },
    });
    expect(readFileSync(at("page.zip")).subarray(0, 2).toString()).toBe("PK");
    expect(statSync(at("page.zip")).mode & 0o777).toBe(0o600);
    expect(await told("get blog 1 --output page.zip", 4)).toMatch(/^page\.zip exists\./);
    for (const name of ["", "-2"]) expect(await told("get blog 1")).toBe(`Saved as first${name}.zip\n`);
    expect(await told("get blog 1 site/wwwroot/index.html")).toBe("Saved as first_index.html.zip\n");
    expect(await told("diff blog 1 2 site/wwwroot/index.html")).toBe("Nothing differs.\n");
    expect(await told("diff blog 1 2 site/wwwroot/none", 5)).toMatch(/does not contain "site\/wwwroot\/none"/);
    expect(await told("cat blog 1 site/wwwroot/none", 5)).toMatch(/does not contain "site\/wwwroot\/none"/);
  });

  it("refuses to guess between several backups, and to overwrite without being told to", async () => {
    expect(await told("restore blog --yes", 2)).toBe(
      "blog has 2 backups that can be restored. Name one by its number, or write latest.\n",
    );
    expect(await told("restore blog 1 --to ./old --database shop", 2)).toMatch(/only unpacks a backup/);
    expect(await told("restore blog 1 --recovery-key-file page.zip", 2)).toMatch(/goes with --from/);
    const { code, err } = await lifeboat.run("restore", "blog", "1");
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/Nobody can be asked here, so nothing was done\. Add --yes/),
    ]);
  });

  it("tells what a restore would do, restores, and takes it back", async () => {
    writeFileSync(at("srv", "blog", "index.html"), "<h1>Hacked</h1>\n");
    writeFileSync(at("srv", "blog", "evil.php"), "<?php");
    expect(await told("diff blog 1 live")).toBe(
      "~ site/wwwroot/\n+ site/wwwroot/evil.php\nM site/wwwroot/index.html\n1 added (5 B), 1 changed (14 B), 1 adjusted\n",
    );
    const dryRun = await told("restore blog 1 --dry-run");
    expect(dryRun).toMatch(
      /^Restoring first\.zip to blog:\n +1 removed \(not in the backup\), 5 B\n +1 replaced \(other content\), 14 B\n/,
    );
    expect(dryRun).toMatch(/\n {2}remove {2}site\/wwwroot\/evil\.php\n {2}replace site\/wwwroot\/index\.html\n/);
    expect(await told("restore blog 1 --yes")).toMatch(/^Restore of blog: Succeeded\n {2}Written: 0, replaced: 1/);
    expect(readFileSync(at("srv", "blog", "index.html"), "utf8")).toBe("<h1>Blog</h1>\n");
    expect(await json("undo blog --yes")).toEqual({
      operation: {
        id: "<id>",
        kind: "undo",
        site: "blog",
        status: "Succeeded",
        log: expect.stringContaining("was put back"),
        cancelled: null,
      },
    });
    expect(readFileSync(at("srv", "blog", "index.html"), "utf8")).toBe("<h1>Hacked</h1>\n");
    expect(await told("undo blog --yes", 4)).toMatch(/^blog has no restore that can be undone/);
  });

  it("restores a part, to another site, and into a folder", async () => {
    expect(await told("restore blog first --path site/wwwroot/index.html --yes")).toMatch(/replaced: 1/);
    expect(readFileSync(at("srv", "blog", "evil.php"), "utf8")).toBe("<?php");
    expect(await told("restore blog first --to blog-copy --yes")).toMatch(/^Restore of blog-copy: Succeeded\n/);
    expect(await told("restore blog first --to ./old")).toBe("Backup 1 of blog is unpacked in <folder>/old\n");
    expect(readFileSync(at("old", "fs", "site", "wwwroot", "index.html"), "utf8")).toBe("<h1>Blog</h1>\n");
    expect(await told("restore blog first --to ./old", 4)).toMatch(/holds something already/);
  });

  it("verifies, and ends with 1 when there is damage", async () => {
    expect(await told("verify blog 1")).toMatch(/^Backup 1 of blog is whole: \d+ of \d+ entries, 1\.\d KB\n$/);
    const zip = at("data", "backups", "blog", "blog_");
    const { out } = await lifeboat.run("show", "blog", "2", "--json");
    const { backup }: { backup: { blobName: string } } = JSON.parse(out);
    const file = join(zip, "..", backup.blobName);
    const bytes = readFileSync(file);
    const place = bytes.indexOf("_backup.filter") + "_backup.filter".length + 90;
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const found = await told("verify blog 2", 1);
    expect(found).toMatch(/^Backup 2 of blog is damaged in \d place[\s\S]*Do not rely on it/);
    expect(found).toMatch(/^ {2}"fs\/\S+": /m);
    expect(found).not.toMatch(/^ {2}(fs\/\S+): "\1/m);
    expect(await json("verify blog 2", 1)).toMatchObject({ verification: { site: "blog", backup: 2, ok: false } });
  });

  it("schedules, and tells how all sites stand", async () => {
    expect(await told("schedule blog")).toMatch(/^blog has no schedule\./);
    for (const change of ["--keep 30d", "--on"])
      expect(await told(`schedule blog ${change}`, 2)).toMatch(/say how often by --every/);
    expect(await told("schedule blog --off")).toBe("blog: switched off\n");
    expect(await told("schedule blog --every 1d --keep 30d --start 2026-12-01T02:00Z")).toMatch(
      /^blog: scheduled\n {2}every {4}1 d/,
    );
    expect(await told("schedule blog --time-zone Europe/Berlin --window 22:00-06:00 --keep-weekly 4")).toMatch(
      /^ {2}every {4}1 d, from .*, only 22:00 to 06:00, by the clocks of Europe\/Berlin\n {2}keep {5}30 d, one of each of 4 weeks, the last/m,
    );
    // What is not said stays as it was.
    const changed = { everyHours: 12, keepDays: 30, keepWeekly: 4, timeZone: "Europe/Berlin", state: "On" };
    expect(await json("schedule blog --every 12h")).toMatchObject({ schedule: changed });
    expect(await json("schedule blog --off")).toMatchObject({ schedule: { ...changed, state: "Off" } });
    expect(await json("schedule blog --keep 31d")).toMatchObject({ schedule: { state: "Off", keepDays: 31 } });
    expect(await told("schedule blog --window night", 2)).toMatch(/^--window: "night" is not two times/);
    expect(await told("schedule blog --remove")).toBe("blog has no schedule any more.\n");
    const status = await told("status");
    // The second was found damaged above.
    expect(status).toMatch(/^SITE +STATE +LAST GOOD +SIZE +KEPT +NEXT\nblog +ok +<when> \(1\) +1\.\d KB +2 +by hand\n/);
    expect(status).toMatch(/\nexample +no backup +never +- +0 +by hand\n$/);
    expect(await json("status --check", 1)).toMatchObject({
      sites: expect.arrayContaining([expect.objectContaining({ site: "blog", state: "ok" })]),
    });
  });

  it("makes a key for one site in a private file, works with it, and revokes it", async () => {
    expect(await told("keys add nightly --role operator --site blog --output nightly.key")).toBe(
      "The key nightly (operator) is made; its secret is in nightly.key\n",
    );
    expect(statSync(at("nightly.key")).mode & 0o777).toBe(0o600);
    expect(await told("keys add nightly --role operator --file nightly.key", 4)).toMatch(
      /^nightly\.key cannot be made: it exists\./,
    );
    const { secret }: { secret: string } = JSON.parse(readFileSync(at("nightly.key"), "utf8"));
    expect(await told("status --key-file nightly.key")).not.toContain("example");
    expect(await told("backup example --key-file nightly.key", 6)).toMatch(
      /^nightly may not touch example: it is limited to other sites\..*nightly\.key/,
    );
    const own = `file://${at("data", "backups", "blog")}`;
    expect(await told(`discover ${own} --key-file nightly.key`)).toMatch(/\n\S+ +blog /);
    expect(await told(`discover ${own.replace("blog", "example")} --key-file nightly.key`, 6)).toContain("for blog");
    const keys = await told("keys list");
    expect(keys).toMatch(/^KEY +ROLE +SITES +EXPIRES +LAST USED\nnightly +operator +blog +never +(?:never|<when>)\n$/);
    expect(keys).not.toContain(secret);
    expect(await told("keys revoke nightli --yes", 5)).toBeTruthy();
    expect(await told("keys revoke nightly --yes")).toBe("The key nightly is revoked.\n");
    expect(await told("list --key-file nightly.key", 6)).toMatch(/\(The key is from nightly\.key\.\)\n$/);
  });

  it("discovers what lies in a folder, and takes no SAS as an argument", async () => {
    const url = `file://${at("data", "backups", "blog")}`;
    expect(await told(`discover ${url}`)).toMatch(
      /^ARCHIVE +SITE +WRITTEN +SIZE +RESTORABLE\n(?:\S+ +blog +<when> +1\.\d KB +yes\n){2}$/,
    );
    expect(await told("discover https://a.blob.core.windows.net/c?sv=1&sig=s", 2)).toMatch(/^That URL holds a SAS/);
    expect(await told("backup blog --to https://a.blob.core.windows.net/c?sig=s", 2)).toMatch(
      /arguments show in every list/,
    );
  });

  it("restores an archive that it knows nothing of but where it lies, to a site that is made", async () => {
    const url = `file://${at("data", "backups", "blog")}`;
    expect(await told(`restore fresh --from ${url} --yes`, 2)).toMatch(/which archive of the container/);
    const plan = await told(`restore fresh first.zip --from ${url} --dry-run`);
    expect(plan).toMatch(/^Restoring first\.zip to the new site fresh:\n/);
    const key = at("data", "recovery-key");
    expect(await told(`restore fresh first.zip --from ${url} --recovery-key-file ${key} --yes`)).toMatch(
      /^Restore of fresh: Succeeded\n/,
    );
    expect(await told("ls example 1", 5)).toMatch(/has no backup 1/);
    expect(readFileSync(at("data", "www", "fresh", "site", "wwwroot", "index.html"), "utf8")).toBe("<h1>Blog</h1>\n");
    expect(await told(`restore fresh none.zip --from ${url} --yes`, 4)).toMatch(/none\.zip/);
    expect(await told("site remove fresh --yes")).toBeTruthy();
  });

  it("restores links that lead out of the site, from an archive it does not know, only when told to", async () => {
    const zip = lifeboatZip([{ name: "fs/site/wwwroot/out", content: "/etc/hostname", link: true }]);
    writeFileSync(at("data", "backups", "blog", "linked.zip"), zip);
    const restore = `restore linked linked.zip --from file://${at("data", "backups", "blog")} --yes`;
    expect(await told(restore, 4)).toMatch(/site\/wwwroot\/out -> \/etc\/hostname.*--allow-outside-links/);
    expect(await told(`${restore} --allow-outside-links`)).toMatch(/^Restore of linked: Succeeded\n/);
    expect(readlinkSync(at("data", "www", "linked", "site", "wwwroot", "out"))).toBe("/etc/hostname");
    rmSync(at("data", "backups", "blog", "linked.zip"));
    expect(await told("site remove linked --yes")).toBeTruthy();
  });

  it("deletes by number alone", async () => {
    expect(await told("delete blog latest --yes", 2)).toMatch(/by its number/);
    expect(await told("delete blog 2", 2)).toMatch(/Nobody can be asked/);
    expect(await json("delete blog 2 --yes")).toEqual({
      deleted: { site: "blog", backup: 2, status: "Deleted", log: null },
    });
    expect(await told("show blog 2", 5)).toBe("blog has no backup 2. `lifeboat list blog` tells which it has.\n");
  });

  it("begins and returns at once, and shows it again later", async () => {
    expect(await told("backup blog --name later --detach")).toBe(
      "Backup 3 of blog is begun: later\n`lifeboat watch blog 3` shows how far it is.\n",
    );
    expect(await told("watch blog 3")).toMatch(/^Backup 3 of blog: Succeeded/);
  });

  it("completes sites, backups and options", async () => {
    expect(await told("complete -- restore b")).toBe("blog\nblog-copy\n");
    expect(await told("complete -- restore blog ''".replace("''", "l"))).toBe("latest\n");
    for (const shell of ["bash", "zsh", "fish"])
      expect(await told(`completion ${shell}`)).toContain("lifeboat complete --");
    expect(await told("completion tcsh", 2)).toMatch(/bash, zsh and fish/);
  });

  it("looks the installation over", async () => {
    const looked = await told("doctor");
    for (const name of [
      "service",
      "certificate",
      "clock",
      "version",
      "key",
      "work storage",
      "disk",
      "sites",
      "recovery key",
    ])
      expect(looked).toMatch(new RegExp(`^ok +${name}: `, "m"));
    rmSync(at("srv", "blog"), { recursive: true });
    expect(await told("doctor", 1)).toMatch(
      /^PROBLEM {2}site blog: Its directory is not there\.\n +-> Mount or create it/m,
    );
    expect(await told("backup blog", 1)).toMatch(/^Backup \d of blog: Failed.*\n.*srv\/blog/);
    for (const command of ["backup blog --dry-run", "restore blog latest --dry-run", "diff blog latest live"])
      expect(await told(command, 4)).toMatch(/srv\/blog\) is not there\. Mount or create it/);
  });

  it("forgets a site, and keeps its backups within reach", async () => {
    expect(await told("site remove blog --yes")).toMatch(/^blog is forgotten\./);
    expect(await told("list blog")).toContain("first");
    expect(await told("list nothing", 5)).toBe("There is no site nothing. Sites: blog-copy, example.\n");
    expect(await told("restore blog first --dry-run")).toMatch(/^Restoring first\.zip to the new site blog:/);
    expect(await told("restore blog first --yes --quiet")).toMatch(/^Restore of blog: Succeeded/);
    expect(await told("site list")).toMatch(/^blog +<folder>\/data\/www\/blog$/m);
  });

  describe("when it cannot be reached", () => {
    it("says a wrong key, and where it is from", async () => {
      writeFileSync(at("wrong.key"), "a-key-that-nobody-made\n");
      expect(await told("list --key-file wrong.key", 6)).toMatch(
        /no valid key or token.*\(The key is from wrong\.key\.\)\n$/,
      );
      const { err } = await lifeboat.run("list", "--key-file", "wrong.key", "--json");
      expect(JSON.parse(err)).toEqual({ error: { code: "CallerUnknown", exitCode: 6, message: expect.any(String) } });
    });

    it("says a certificate that is not trusted, and gives no key away", async () => {
      const { tlsUrl }: { tlsUrl: string } = JSON.parse(readFileSync(at("data", "service.json"), "utf8"));
      const key = ["--key-file", at("data", "admin-key")];
      const untrusted = await lifeboat.run("list", "--url", tlsUrl, ...key);
      expect([untrusted.code, untrusted.err]).toEqual([
        7,
        expect.stringMatching(/The certificate of .* is not trusted: .*--ca-file/),
      ]);
      const trusted = await lifeboat.run("list", "--url", tlsUrl, ...key, "--ca-file", at("data", "tls", "ca.pem"));
      expect(trusted.code).toBe(0);
    });

    it("gives the admin's key to nobody who took the port of a service that is gone", async () => {
      const before = readFileSync(at("data", "service.json"), "utf8");
      service.child.kill("SIGKILL");
      await service.ended;
      expect(await told("list", 7)).toMatch(
        /^Lifeboat does not answer at https:\/\/127\.0\.0\.1:\d+: nothing listens there\. Start it/,
      );
      const heard: string[] = [];
      const impostor: Server = createServer((request, response) => {
        heard.push(String(request.headers.authorization));
        response.end("{}");
      });
      const { tlsUrl }: { tlsUrl: string } = JSON.parse(before);
      await new Promise<void>((resolve) => impostor.listen(Number(new URL(tlsUrl).port), "127.0.0.1", resolve));
      expect((impostor.address() as AddressInfo).port).toBeGreaterThan(0);
      const ended = await lifeboat.run("list");
      impostor.close();
      expect([ended.code, heard]).toEqual([7, []]);
    });

    it("says that no service runs after an orderly end", async () => {
      service = await start();
      service.child.kill("SIGTERM");
      await service.ended;
      expect(await told("list", 7)).toMatch(
        /^Lifeboat does not run here: no service runs on <folder>\/data\. Start it with `npm start`/,
      );
    });
  });
});

describe("the command line without any service", () => {
  const folder = temporaryFolder();
  const lifeboat = commandLine({}, folder.path);
  afterAll(() => folder.remove());

  it("helps, with examples, on every command", async () => {
    const { code, out } = await lifeboat.run("restore", "--help");
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(
        /Usage: lifeboat restore[\s\S]*--dry-run[\s\S]*Examples:[\s\S]*lifeboat restore shop 7 --to \.\/old-shop/,
      ),
    ]);
    expect((await lifeboat.run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("ends with 2 for words it does not know, and suggests the nearest", async () => {
    expect(await lifeboat.run("restor", "x")).toMatchObject({
      code: 2,
      err: expect.stringContaining("Did you mean restore?"),
    });
    expect(await lifeboat.run("backup")).toMatchObject({ code: 2, err: expect.stringContaining("SITE") });
    expect(await lifeboat.run("backup", "x", "--nmae", "y")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--name"),
    });
    const { err } = await lifeboat.run("backup", "--json");
    expect(JSON.parse(err)).toEqual({
      error: { code: "Usage", exitCode: 2, message: expect.stringContaining("SITE") },
    });
  });
});
