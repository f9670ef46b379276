import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { makeFolder } from "../../adapters/machine/make-folder.ts";
import { errorCode, isCode } from "../../domain/error-code.ts";
import type { BackupView } from "./backup-view.ts";
import type { CommandContext } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { interruptible, unlessAborted } from "../terminal/interruptible.ts";
import { print } from "../terminal/print.ts";
import { progressView } from "../terminal/progress-view.ts";
import { metered } from "../files/metered.ts";
import type { SiteReference } from "../sites/site-reference.ts";
import { messageOf } from "../../domain/errors.ts";

interface Unpacking {
  readonly backup: BackupView;
  readonly folder: string;
  readonly paths: readonly string[];
}

/**
 * Unpacks a backup into a folder of this machine, whole or not at all: it is unpacked beside it and renamed at the end. The
 * folder may be there when it is empty; nothing is ever overwritten.
 */
export const unpackTo = async (context: CommandContext, site: SiteReference, wish: Unpacking): Promise<ExitCode> => {
  const folder = resolve(wish.folder);
  refuseFilled(folder);
  const partial = join(dirname(folder), `.${basename(folder)}.lifeboat-${process.pid}`);
  await interruptible(context.terminal, async (signal) => {
    const made = await makeFolder(partial, 0o700).catch((cause: unknown) => {
      throw refused(folder, cause);
    });
    try {
      await unpack(context, site, { ...wish, folder: partial, signal });
      signal.throwIfAborted();
      // What somebody has put there meanwhile stays: only an empty folder can be removed so.
      refuseFilled(folder);
      if (existsSync(folder)) rmdirSync(folder);
      renameSync(partial, folder);
    } catch (error) {
      removeMade(partial, made);
      throw error;
    }
  });
  print(
    context,
    { unpacked: { site: site.label, backup: wish.backup.id, folder } },
    () => `Backup ${wish.backup.id} of ${site.label} is unpacked in ${folder}\n`,
  );
  return exitCodes.done;
};

/** The folder with all that is in it, and those above it that were made for it, unless others use them by now. */
const removeMade = (partial: string, made: string | undefined): void => {
  rmSync(partial, { recursive: true, force: true });
  if (made === undefined) return;
  for (let above = dirname(partial); above.startsWith(made); above = dirname(above)) {
    try {
      rmdirSync(above);
    } catch (error) {
      if (isCode(error, "ENOTEMPTY", "EEXIST")) return;
      throw error;
    }
  }
};

const refuseFilled = (folder: string): void => {
  try {
    if (readdirSync(folder).length === 0) return;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw refused(folder, error);
  }
  throw new CommandFailure(
    exitCodes.refused,
    "FolderNotEmpty",
    `${folder} holds something already. Name a new or an empty folder.`,
  );
};

const refused = (folder: string, cause: unknown): CommandFailure => {
  const why = errorCode(cause) ?? String(cause);
  const message = `${folder} is no folder that can be written to (${why}). Name another one, or check who may write there.`;
  return new CommandFailure(exitCodes.refused, "FolderRefused", message, { cause });
};

const unpack = async (
  context: CommandContext,
  site: SiteReference,
  { backup, folder, paths, signal }: Unpacking & { readonly signal: AbortSignal },
): Promise<void> => {
  const query = { format: "tar.gz", path: paths };
  const path = `${site.path}/backups/${backup.id}/files/download`;
  const response = await unlessAborted(signal, context.service().open(path, { query }));
  const { quiet, now, terminal } = context;
  const view = progressView(terminal, { now, quiet, title: `Unpacking backup ${backup.id} of ${site.label}` });
  // Files lie below fs/ in a backup. The tool comes with every system, and refuses to write outside.
  const tar = spawn("tar", ["-x", "-z", "-f", "-", "-C", folder], { stdio: ["pipe", "ignore", "pipe"] });
  let complaints = "";
  tar.stderr.on("data", (text: Buffer) => {
    if (complaints.length < 4_000) complaints += text.toString();
  });
  const ended = endOf(tar);
  try {
    // Whoever removes the folder must find nobody writing into it any more.
    await pipeline(response, metered(response, { view }), tar.stdin, { signal }).catch(async (error: unknown) => {
      tar.kill();
      throw (await ended).notStarted ?? error;
    });
    const { notStarted, code } = await ended;
    if (notStarted !== undefined) throw notStarted;
    if (code !== 0) throw new Error("tar failed");
  } catch (error) {
    const reason = complaints.trim().split("\n").at(-1) || messageOf(error);
    throw new CommandFailure(
      exitCodes.failed,
      "UnpackFailed",
      `The backup could not be unpacked: ${reason} Nothing was left behind.`,
      { cause: error },
    );
  } finally {
    view.close();
  }
};

interface TarEnd {
  readonly code: number | null;
  readonly notStarted?: Error;
}

/** Never rejects: it may end before anybody waits for it. */
const endOf = (tar: ChildProcess): Promise<TarEnd> =>
  new Promise((resolve) => {
    tar.once("close", (code) => resolve({ code }));
    tar.on("error", (cause) => {
      const notStarted = new Error(`the program tar cannot be started (${cause.message}).`, { cause });
      if (tar.pid === undefined) resolve({ code: null, notStarted });
    });
  });
