import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { directoryDestination } from "../../src/adapters/destination/directory.ts";
import { MemorySite } from "../support/memory-site.ts";
import { StoreFailure } from "../../src/domain/store-failure.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { faultyBackups } from "../support/faulty-backup.ts";
import { describeWith } from "../support/needs.ts";
import { canMount, smallDisk, type SmallDisk } from "../support/small-disk.ts";

const megabyte = 1_000_000;

describeWith("mount", canMount, "a backup to a folder on a small disk", () => {
  let disk: SmallDisk;
  let home: string;
  let elsewhere: string;
  beforeEach(() => {
    disk = smallDisk(16);
    mkdirSync(join(disk.folder, "backups"));
    home = mkdtempSync(join(tmpdir(), "lifeboat-home-"));
    mkdirSync(join(home, "site/wwwroot"), { recursive: true });
    elsewhere = mkdtempSync(join(tmpdir(), "lifeboat-elsewhere-"));
  });
  afterEach(() => {
    disk.remove();
    for (const folder of [home, elsewhere]) rmSync(folder, { recursive: true });
  });

  const free = (): number => statfsSync(disk.folder).bavail * statfsSync(disk.folder).bsize;
  const write = (name: string, content: Uint8Array): void => writeFileSync(join(home, "site/wwwroot", name), content);
  const backups = (files?: MemorySite) => {
    const destination = directoryDestination(join(disk.folder, "backups"));
    return faultyBackups({ faulty: destination, sound: destination, directory: home, ...(files && { files }) });
  };
  /** The backups go elsewhere: only their work files lie on the small disk. */
  const worksOnDisk = (destination = directoryDestination(elsewhere)) => {
    const scratch = directoryDestination(join(disk.folder, "backups"));
    return faultyBackups({ faulty: destination, sound: destination, directory: home, scratch });
  };
  /** Every step but the first ones of a run that was refused. */
  const forbidden = () => expect.unreachable("It was packed.");

  it("is refused at planning when it cannot fit, with what is free and what is needed", async () => {
    write("video.mp4", randomBytes(40 * megabyte));
    const before = free();
    const backup = await backups().backUp("night", { packShard: forbidden });
    expect(backup.status).toBe("Failed");
    expect(backup.log).toMatch(
      /^The backup does not fit where it is to go\. The disk of .*backups has 16\.\d MB free, at least (?:29|30)\.\d MB are needed\. Free some space there, name another destination, or leave files out\.$/,
    );
    expect(free()).toBe(before);
  });

  it("is made when it fits compressed, however large its files are", async () => {
    write("log.txt", Buffer.alloc(24 * megabyte, "GET /index.html 200\n"));
    write("photo.jpg", randomBytes(10 * megabyte));
    const { backUp, expectEnd } = backups();
    await expectEnd(await backUp("night"), { "ends as": "Succeeded" });
  });

  it("counts what it copies out of the backup before as it is stored there", async () => {
    // Hours pass between any two changes: what changed just before it is read is never copied.
    let hours = 0n;
    const site = new MemorySite({ nowNs: () => ++hours * 3_600_000_000_000n });
    site.writeFile(pathFromText("site/wwwroot/photo.jpg"), randomBytes(7 * megabyte));
    const { backUp, expectEnd } = backups(site);
    await expectEnd(await backUp("first"), { "ends as": "Succeeded" });
    await expectEnd(await backUp("second"), { "ends as": "Succeeded" });
    const third = await backUp("third", { packShard: forbidden, copyUnchanged: forbidden });
    expect(third.log).toMatch(/^The backup does not fit .* at least 7\.\d MB are needed\./);
  });

  it("gives back all the room when the disk becomes full while it is packed", async () => {
    write("video.mp4", randomBytes(10 * megabyte));
    const before = free();
    const { backUp } = backups();
    const failed = await backUp("night", { packShard: () => disk.fill(6 * megabyte) });
    expect(failed.status).toBe("Failed");
    expect(failed.log).toMatch(
      /^Writing night\.zip to .* failed \(ENOSPC\), and what the backup had written was removed\. The disk of .*backups has \d\.\d MB free, up to 10\.0 MB are needed\./,
    );
    disk.empty();
    // What stays are empty folders.
    expect(before - free()).toBeLessThan(100_000);
    expect((await backUp("again")).status).toBe("Succeeded");
  });

  it("tells that its work storage is full although its container may only be written", async () => {
    write("photo.jpg", randomBytes(megabyte));
    const destination = directoryDestination(elsewhere);
    const packShard = (): void => {
      destination.head = () => Promise.reject(new StoreFailure("AccessDenied", "It may not be read."));
      disk.fill();
    };
    const failed = await worksOnDisk(destination).backUp("night", { packShard, closeBackup: () => disk.empty() });
    expect(failed.log).toMatch(/\(ENOSPC\), and what the backup had written was removed\. The disk of .*backups has/);
  });

  it("is not lost when its work storage is full once its archive is visible", async () => {
    write("photo.jpg", randomBytes(megabyte));
    const { backUp, expectEnd } = worksOnDisk();
    let describing = 0;
    const meanwhile = { readBack: () => disk.fill(), describeBackup: () => void describing++ };
    await expectEnd(await backUp("night", { ...meanwhile, closeBackup: () => disk.empty() }), night);
    expect(describing).toBe(1);
  });

  it("is not given up when the disk is found full once its archive is visible", async () => {
    write("photo.jpg", randomBytes(megabyte));
    const destination = directoryDestination(elsewhere);
    const { backUp, expectEnd } = faultyBackups({ faulty: destination, sound: destination, directory: home });
    const commit = destination.commit.bind(destination);
    let wasFull = false;
    destination.commit = async (upload, ...rest) => {
      const written = await commit(upload, ...rest);
      if (!upload.name.endsWith(".zip") || wasFull) return written;
      wasFull = true;
      throw new StoreFailure("Full", "The disk is full.");
    };
    await expectEnd(await backUp("night"), night);
    expect(wasFull).toBe(true);
  });

  const night = { "ends as": "Succeeded" };

  it("gets its manifest although others fill the disk once its archive is visible", async () => {
    write("photo.jpg", randomBytes(7 * megabyte));
    const before = free();
    const { backUp, expectEnd } = backups();
    await expectEnd(await backUp("night", { readBack: () => disk.fill(), closeBackup: () => disk.empty() }), night);
    expect(before - free()).toBeLessThan(7.2 * megabyte);
  });

  it("is described with all that was left out although others fill the disk", async () => {
    write("photo.jpg", randomBytes(megabyte));
    const site = new MemorySite();
    for (let number = 0; number < 5_000; number++) {
      const path = pathFromText(`site/wwwroot/${"a long name ".repeat(10)}${number}`);
      site.leaveOut(path, "It cannot be read (EACCES). Give the service the right to, or name it in the filter.");
    }
    const { backUp, expectEnd } = backups(site);
    const ended = await backUp("night", { readBack: () => disk.fill(), closeBackup: () => disk.empty() });
    await expectEnd(ended, {
      "ends as": "PartiallySucceeded",
      "the log says": "Left out: …4931 more lines in night.log.",
    });
  });

  it("waits with its manifest for room that somebody was faster to take", async () => {
    write("photo.jpg", randomBytes(7 * megabyte));
    const { backUp, expectEnd } = backups();
    let attempts = 0;
    const describeBackup = (): void => {
      if (++attempts > 1) return disk.empty();
      rmSync(join(disk.folder, "backups/.lifeboat/uploads"), { recursive: true });
      disk.fill();
    };
    await expectEnd(await backUp("night", { describeBackup }), night);
    expect(attempts).toBe(2);
  });
});
