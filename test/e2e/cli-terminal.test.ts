import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { commandLine, ctrlC, endCommandLines, type CommandLine } from "../support/command-line.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { killAll, startLifeboat, type LifeboatProcess } from "../support/lifeboat-process.ts";
import { describeWith, hasCommand } from "../support/needs.ts";

const redraw = "\r\u001b[K";

/** A small site whose restores wait before they exchange files, until the test lets them go on. */
const heldSite = (folder: string, data: string) => {
  const at = (...names: string[]): string => join(folder, ...names);
  mkdirSync(at("srv", "css"), { recursive: true });
  mkdirSync(join(data, "sites"), { recursive: true });
  writeFileSync(at("srv", "index.html"), "<h1>open</h1>\n");
  writeFileSync(at("srv", "css", "site.css"), "h1 {}\n");
  // It ends with its folder, too: the service that runs it may have been killed.
  const stop = `while [ -d ${folder} ] && [ ! -e ${at("go")} ]; do sleep 0.05; done`;
  writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ wwwroot: at("srv"), stop, start: "true" }));
  return { page: at("srv", "index.html"), release: () => writeFileSync(at("go"), "") };
};

/** A site whose backups never end while a test looks: one file, which takes no room and a lot of time. */
const endlessSite = (folder: string, data: string): void => {
  const wwwroot = join(folder, "archive");
  mkdirSync(wwwroot);
  writeFileSync(join(wwwroot, "zeros.bin"), "");
  truncateSync(join(wwwroot, "zeros.bin"), 200 * 2 ** 30);
  writeFileSync(join(data, "sites", "archive.json"), JSON.stringify({ wwwroot }));
};

describeWith("python3", hasCommand("python3"), "the command line in a terminal", () => {
  let folder = temporaryFolder();
  let data = "";
  let service: LifeboatProcess;
  let lifeboat: CommandLine;
  let site: ReturnType<typeof heldSite>;
  const start = async (): Promise<LifeboatProcess> => startLifeboat({ data, flags: ["--tls-port", "0"] });

  beforeEach(async () => {
    folder = temporaryFolder();
    data = join(folder.path, "data");
    site = heldSite(folder.path, data);
    endlessSite(folder.path, data);
    service = await start();
    lifeboat = commandLine({ LIFEBOAT_DATA: data }, folder.path);
  });
  afterEach(async () => {
    site.release();
    endCommandLines();
    await killAll();
    folder.remove();
  });

  const backedUp = async (): Promise<void> => {
    expect((await lifeboat.run("backup", "shop")).code).toBe(0);
  };

  it("shows progress on one line that is gone at the end, and the result", async () => {
    const session = lifeboat.terminal(["backup", "shop"]);
    expect(await session.ended).toBe(0);
    expect(session.screen()).toContain(`${redraw}Backing up shop: `);
    const left = session
      .screen()
      .split("\n")
      .map((line) => line.split("\u001b[K").at(-1) ?? "");
    expect(left.join("\n")).toMatch(
      /^Backup 1 of shop: Succeeded in \d+ s\r\n {2}shop_\d{12}\.zip {2}[\d.]+ KB, from 20 B\r\n$/,
    );
  });

  it("asks which backup, tells what a restore would do, and overwrites only for the site's whole name", async () => {
    await backedUp();
    writeFileSync(site.page, "<h1>hacked</h1>\n");
    await backedUp();
    site.release();
    const first = lifeboat.terminal(["restore", "shop"]);
    await first.shows(/Which backup of shop\? \[2\] /);
    first.type("1\n");
    await first.shows(/1 replaced \(other content\)[\s\S]*replace site\/wwwroot\/index\.html/);
    await first.shows(/This overwrites shop\. .* Type shop to go on: /);
    first.type("y\n");
    await first.shows(/Nothing was done\./);
    expect(await first.ended).toBe(2);
    expect(readFileSync(site.page, "utf8")).toBe("<h1>hacked</h1>\n");

    const second = lifeboat.terminal(["restore", "shop", "1"]);
    await second.shows(/Type shop to go on: /);
    second.type("shop\n");
    await second.shows(/Restore of shop: Succeeded/);
    expect(await second.ended).toBe(0);
    expect(readFileSync(site.page, "utf8")).toBe("<h1>open</h1>\n");
  });

  it("ends at Ctrl-C where nothing was begun yet", async () => {
    await backedUp();
    writeFileSync(site.page, "<h1>hacked</h1>\n");
    const session = lifeboat.terminal(["restore", "shop"]);
    await session.shows(/Type shop to go on: /);
    session.type(ctrlC);
    expect(await session.ended).toBe(2);
    expect(readFileSync(site.page, "utf8")).toBe("<h1>hacked</h1>\n");
  });

  const packing = /Backing up archive: packing +\d+% {2}[\d.]+ [KMGB]+ of 214\.7 GB/;

  it("tells the rate of what takes long, asks at Ctrl-C, and leaves the work running when that is the answer", async () => {
    const session = lifeboat.terminal(["backup", "archive"]);
    await session.shows(packing);
    await session.shows(/[MGK]B\/s/);
    session.type(ctrlC);
    await session.shows(/\(l\)eave it running, \(c\)ancel it, \(w\)atch on\? \[l\] /);
    session.type("w\n");
    await session.shows(packing);
    session.type(ctrlC);
    await session.shows(/\[l\] /);
    session.type("\n");
    await session.shows(/it goes on without you\. `lifeboat watch archive 1` shows it again\./);
    expect(await session.ended).toBe(8);
    expect((await lifeboat.run("show", "archive", "1")).out).toMatch(/^status +InProgress$/m);
    expect((await lifeboat.run("status")).out).toMatch(/^archive +backup runs +never /m);
  });

  it("cancels the work when that is the answer at Ctrl-C", async () => {
    const session = lifeboat.terminal(["backup", "archive"]);
    await session.shows(packing);
    session.type(ctrlC);
    await session.shows(/\[l\] /);
    session.type("c\n");
    await session.shows(/Backing up archive: cancelled\./);
    expect(await session.ended).toBe(1);
    expect(await lifeboat.run("watch", "archive")).toMatchObject({ code: 5, err: "Nothing runs on archive now.\n" });
    expect((await lifeboat.run("status")).out).toMatch(/^archive +no backup /m);
  });

  it("puts a restore back that is cancelled at Ctrl-C, also when the service is killed meanwhile", async () => {
    await backedUp();
    writeFileSync(site.page, "<h1>another</h1>\n");
    const session = lifeboat.terminal(["restore", "shop", "1", "--yes"]);
    await session.shows(/Restoring shop: staging/);
    session.type(ctrlC);
    await session.shows(/\(l\)eave it running, \(c\)ancel it, \(w\)atch on\? \[l\] /);
    session.type("c\n");
    await session.shows(/Cancelled\. It ends when everything is as it was before\./);
    service.child.kill("SIGKILL");
    await service.ended;
    // Its stop command waits still: only what was written down tells that it is not to go on.
    service = await start();
    await session.shows(/Restore of shop: cancelled/);
    await session.shows(/It was cancelled\./);
    expect(await session.ended).toBe(1);
    expect(readFileSync(site.page, "utf8")).toBe("<h1>another</h1>\n");
    expect(existsSync(join(folder.path, "srv", "app_offline.htm"))).toBe(false);
    expect(readdirSync(folder.path).filter((name) => name.startsWith(".lifeboat-"))).toEqual([]);
  });

  it("cancels what runs on a site, a restore that was left running and a backup, and tells how it ended", async () => {
    await backedUp();
    writeFileSync(site.page, "<h1>another</h1>\n");
    expect((await lifeboat.run("restore", "shop", "1", "--yes", "--detach")).code).toBe(0);
    expect(await lifeboat.run("cancel", "shop")).toMatchObject({ code: 2, out: "" });
    const session = lifeboat.terminal(["cancel", "shop"]);
    await session.shows(/This ends the restore of shop\. .* Type shop to go on: /);
    session.type("shop\n");
    await session.shows(/Cancelling the restore of shop: /);
    site.release();
    await session.shows(/The restore of shop: cancelled\r\n {2}It was cancelled\./);
    expect(await session.ended).toBe(0);
    expect(readFileSync(site.page, "utf8")).toBe("<h1>another</h1>\n");
    expect(await lifeboat.run("cancel", "shop", "--yes")).toMatchObject({
      code: 5,
      err: "Nothing runs on shop now.\n",
    });
    expect((await lifeboat.run("cancel", "shop", "1", "--yes")).code).toBe(4);
    expect((await lifeboat.run("backup", "archive", "--detach")).code).toBe(0);
    expect((await lifeboat.run("cancel", "archive", "--yes")).out).toBe("Backup 1 of archive is cancelled.\n");
  });

  it("leaves at a second Ctrl-C", async () => {
    await backedUp();
    writeFileSync(site.page, "<h1>hacked</h1>\n");
    const session = lifeboat.terminal(["restore", "shop", "1", "--yes"]);
    await session.shows(/Restoring shop: exchanging|Restoring shop: staging/);
    session.type(ctrlC);
    await session.shows(/\[l\] /);
    session.type(ctrlC);
    await session.shows(/`lifeboat watch shop [-0-9a-f]{36}` shows it again/);
    expect(await session.ended).toBe(8);
    site.release();
    const id = /watch shop ([-0-9a-f]{36})/.exec(session.screen())?.[1] ?? "";
    expect((await lifeboat.run("watch", "shop", id)).out).toMatch(/^The restore of shop: Succeeded\n/);
    expect(readFileSync(site.page, "utf8")).toBe("<h1>open</h1>\n");
  });

  it("draws the line again at the new width when the window is resized, never wider than it", async () => {
    const session = lifeboat.terminal(["backup", "archive"], { columns: 60 });
    await session.shows(packing);
    session.resize(20);
    // Nineteen characters: one that wraps could not be taken away again.
    await session.shows(/\[KBacking up archive:(?! )/);
    session.type(ctrlC);
    await session.shows(/\[l\] /);
    session.type("l\n");
    expect(await session.ended).toBe(8);
  });

  it("waits for a service that was killed, and goes on when it is back at another port", async () => {
    const session = lifeboat.terminal(["backup", "archive"]);
    await session.shows(packing);
    service.child.kill("SIGKILL");
    await service.ended;
    await session.shows(/does not answer at https:\/\/127\.0\.0\.1:\d+: .*Waiting for it to come back\./);
    service = await start();
    await session.shows(/The service answers again\./);
    await session.shows(packing);
    session.type(ctrlC);
    await session.shows(/\[l\] /);
    session.type("c\n");
    expect(await session.ended).toBe(1);
  });

  it("asks for a key without showing it, where none is known", async () => {
    const { secret }: { secret: string } = JSON.parse(readFileSync(join(data, "admin-key"), "utf8"));
    const session = lifeboat.terminal(["list", "--url", service.url]);
    await session.shows(/Key for http:\/\/127\.0\.0\.1:\d+ \(not shown\): /);
    session.type(`${secret}\n`);
    await session.shows(/There are no backups yet\./);
    expect(await session.ended).toBe(0);
    expect(session.screen()).not.toContain(secret);
    expect(existsSync(join(folder.path, ".config"))).toBe(false);
  });
});
