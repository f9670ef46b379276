import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { boundToRun, ended } from "./bound-to-run.ts";
import { hasCommand } from "./needs.ts";

export type FileSystem = "ext4" | "xfs" | "btrfs";

/** A disk that remembers every write and every flush, so that it can be had as a power cut would have left it. */
export interface LoggedDisk {
  /** Where it is mounted; disks of the past are mounted there, too. */
  readonly folder: string;
  /** How many writes and flushes there have been. */
  readonly count: () => number;
  /** Unmounts it, if it still is mounted; from now on there is only its past. */
  readonly end: () => Promise<void>;
  /**
   * Mounts the disk as the power was cut after `count` writes: all that was flushed is there, and of what was written
   * since, what `isKept` says. Returns what unmounts it.
   */
  readonly cutAfter: (count: number, isKept: () => boolean) => () => void;
}

const makeFileSystem: Readonly<Record<FileSystem, readonly string[]>> = {
  ext4: ["mkfs.ext4", "-qF"],
  xfs: ["mkfs.xfs", "-qf"],
  btrfs: ["mkfs.btrfs", "-qf"],
};

const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

const mount = (image: string, folder: string): (() => void) => {
  const device = run("losetup", "--show", "-f", image);
  try {
    run("mount", device, folder);
  } catch (error) {
    run("losetup", "-d", device);
    throw error;
  }
  return () => {
    run("umount", folder);
    run("losetup", "-d", device);
  };
};

/** Everything it needs lies in `home`: best in memory. */
export const loggedDisk = async (home: string, fileSystem: FileSystem, megabytes = 700): Promise<LoggedDisk> => {
  const at = (name: string): string => join(home, name);
  const [image, log, exported, past, folder] = [at("disk"), at("log"), at("logged"), at("past"), at("mounted")];
  mkdirSync(folder);
  writeFileSync(exported, "");
  for (const [file, size] of [
    [image, megabytes],
    [log, 8 * megabytes],
  ] as const) {
    writeFileSync(file, "");
    truncateSync(file, size * 2 ** 20);
  }
  const daemon = await exportLogged({ image, log, exported });
  const [make = "", ...options] = makeFileSystem[fileSystem];
  run(make, ...options, exported);
  let unmount: (() => void) | undefined = mount(exported, folder);
  let writes: readonly Write[] | undefined;
  return {
    folder,
    count: () => readHead(log).count,
    end: async () => {
      unmount?.();
      unmount = undefined;
      await ended(daemon, "SIGTERM");
    },
    cutAfter: (count, isKept) => {
      writes ??= readWrites(log);
      writeFileSync(past, "");
      truncateSync(past, megabytes * 2 ** 20);
      replay({ log, into: past }, survivors(writes.slice(0, count), isKept));
      return mount(past, folder);
    },
  };
};

/** QEMU's storage daemon offers the image as one file, and logs what is written to it as the kernel's dm-log-writes does. */
const exportLogged = async (files: {
  readonly image: string;
  readonly log: string;
  readonly exported: string;
}): Promise<ChildProcess> => {
  const { image, log, exported } = files;
  const nodes = [
    `driver=file,node-name=image,filename=${image}`,
    `driver=file,node-name=log,filename=${log}`,
    "driver=blklogwrites,node-name=logged,file=image,log=log,log-super-update-interval=1",
  ].flatMap((node) => ["--blockdev", node]);
  const file = `type=fuse,id=export,node-name=logged,mountpoint=${exported},writable=on`;
  const daemon = spawn("qemu-storage-daemon", [...nodes, "--export", file]);
  boundToRun(daemon);
  const isOffered = (): boolean => run("stat", "-c", "%s", exported) !== "0";
  while (!isOffered()) {
    if (daemon.exitCode !== null) throw new Error("qemu-storage-daemon ended.");
    await pause(50);
  }
  return daemon;
};

interface Write {
  readonly position: number;
  readonly length: number;
  readonly isFlush: boolean;
  /** Where its bytes lie in the log; undefined: it wrote zeros, by giving room back. */
  readonly bytesAt: number | undefined;
}

const flushFlag = 1n;
const discardFlag = 4n;

const read = (descriptor: number, position: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  if (readSync(descriptor, bytes, 0, length, position) !== length) throw new Error("The log of writes ends early.");
  return bytes;
};

const withFile = <Result>(path: string, flags: string, use: (descriptor: number) => Result): Result => {
  const descriptor = openSync(path, flags);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** The log begins with a sector that says: magic, version, how many entries there are, and how long a sector is. */
const readHead = (log: string): { readonly count: number; readonly sectorBytes: number } =>
  withFile(log, "r", (descriptor) => {
    const head = read(descriptor, 0, 28);
    return { count: Number(head.readBigUInt64LE(16)), sectorBytes: head.readUInt32LE(24) };
  });

/** Each entry is a sector, and what was written behind it. */
const readWrites = (log: string): readonly Write[] => {
  const { count, sectorBytes } = readHead(log);
  return withFile(log, "r", (descriptor) => {
    const writes: Write[] = [];
    let at = sectorBytes;
    for (let number = 0; number < count; number++) {
      const entry = read(descriptor, at, 32);
      const [sector, sectors, flags] = [0, 8, 16].map((offset) => entry.readBigUInt64LE(offset)) as [
        bigint,
        bigint,
        bigint,
      ];
      const length = Number(sectors) * sectorBytes;
      at += sectorBytes;
      const hasBytes = (flags & discardFlag) === 0n;
      writes.push({
        position: Number(sector) * sectorBytes,
        length,
        isFlush: (flags & flushFlag) !== 0n,
        bytesAt: hasBytes ? at : undefined,
      });
      if (hasBytes) at += length;
    }
    return writes;
  });
};

const survivors = (writes: readonly Write[], isKept: () => boolean): readonly Write[] => {
  const flushed = writes.findLastIndex(({ isFlush }) => isFlush);
  return writes.filter((_write, number) => number <= flushed || isKept());
};

const replay = ({ log, into }: { readonly log: string; readonly into: string }, writes: readonly Write[]): void =>
  withFile(log, "r", (source) =>
    withFile(into, "r+", (target) => {
      for (const { position, length, bytesAt } of writes)
        if (length > 0)
          writeSync(
            target,
            bytesAt === undefined ? Buffer.alloc(length) : read(source, bytesAt, length),
            0,
            length,
            position,
          );
    }),
  );

/** False where the machine lacks something of it, or this user may not mount. */
export const canLogDisk =
  ["qemu-storage-daemon", "losetup", "mkfs.ext4", "mkfs.xfs", "mkfs.btrfs"].every(hasCommand) &&
  process.getuid?.() === 0;
