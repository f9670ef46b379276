import { closeSync, createWriteStream, existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { findBackup } from "../backups/choose-backup.ts";
import type { CommandContext, Given, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { interruptible, unlessAborted } from "../terminal/interruptible.ts";
import { metered } from "../files/metered.ts";
import { print } from "../terminal/print.ts";
import { openPrivate } from "../files/private-file.ts";
import { progressView } from "../terminal/progress-view.ts";
import { findSite } from "../sites/site-reference.ts";
import { whole } from "../files/whole.ts";
import type { IncomingMessage } from "node:http";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const format = formatOf(given);
  const site = await findSite(service, given.need("SITE"));
  const backup = await findBackup(context, site, given.need("BACKUP"));
  const output = given.text("output") ?? freeName(archiveName(backup.blobName, given.texts("PATH")), format);
  const overwrite = given.flag("overwrite");
  if (output === "-") refuseTerminal(context);
  else if (!overwrite) refuseTaken(output);
  const query = { format, path: given.texts("PATH") };
  const path = `${site.path}/backups/${backup.id}/files/download`;
  const title = `Getting backup ${backup.id} of ${site.label}`;
  await interruptible(context.terminal, async (signal) => {
    const partial = output === "-" ? undefined : `${output}.${process.pid}.part`;
    // Before anything is fetched: where it cannot be saved nothing else is wrong.
    if (partial !== undefined) closeSync(openPrivate(partial, output));
    try {
      const response = await unlessAborted(signal, service.open(path, { query }));
      await whole(async () => receive(context, response, { partial, output, overwrite, title, signal }));
    } finally {
      if (partial !== undefined) rmSync(partial, { force: true });
    }
  });
  if (output !== "-")
    print(
      context,
      { saved: { site: site.label, backup: backup.id, file: resolve(output), format } },
      () => `Saved as ${output}\n`,
    );
  return exitCodes.done;
};

const formatOf = (given: Given): string => {
  const format = given.text("format") ?? "zip";
  if (format === "zip" || format === "tar.gz") return format;
  throw new CommandFailure(exitCodes.usage, "FormatUnknown", `--format: "${format}" is neither zip nor tar.gz.`);
};

const refuseTerminal = ({ terminal }: CommandContext): void => {
  if (terminal.outIsTerminal)
    throw new CommandFailure(
      exitCodes.usage,
      "NotToTerminal",
      "An archive is nothing for a terminal: name a file by --output.",
    );
};

const refuseTaken = (output: string): void => {
  if (existsSync(output))
    throw new CommandFailure(
      exitCodes.refused,
      "FileExists",
      `${output} exists. Name another file by --output, or agree to lose it by --overwrite.`,
    );
};

const longestPart = 60;

/** A selection is named after the first of it, so that it is not taken for the whole backup. */
export const archiveName = (blobName: string, paths: readonly string[]): string => {
  const backup = blobName.replace(/\.zip$/, "").replaceAll("/", "_");
  const [first, ...others] = paths;
  if (first === undefined) return backup;
  const part = first
    .replace(/^\/*(?:site\/wwwroot\/(?=.))?/, "")
    .replace(/[^\p{L}\p{N}.-]+/gu, "_")
    .replace(/^[_.]+|[_.]+$/g, "")
    .slice(-longestPart);
  const more = others.length === 0 ? "" : `_and_${others.length}_more`;
  return `${backup}_${part === "" ? "part" : part}${more}`;
};

/** A name that nobody chose takes no other file's place. */
const freeName = (name: string, format: string): string => {
  for (let number = 1; ; number++) {
    const output = `${name}${number === 1 ? "" : `-${number}`}.${format}`;
    if (!existsSync(output)) return output;
  }
};

/** Never in the place of another file, as far as the file system can promise that: some know no second name. */
const moveTo = (partial: string, output: string): void => {
  try {
    linkSync(partial, output);
  } catch (error) {
    if (existsSync(output)) throw error;
    renameSync(partial, output);
  }
};

interface Receiving {
  /** Undefined: the standard output. */
  readonly partial: string | undefined;
  readonly output: string;
  readonly overwrite: boolean;
  readonly title: string;
  readonly signal: AbortSignal;
}

/** Under another name until it is whole. */
const receive = async (
  { terminal, now, quiet }: CommandContext,
  response: IncomingMessage,
  { partial, output, overwrite, title, signal }: Receiving,
): Promise<void> => {
  const view = progressView(terminal, { now, quiet, title });
  const meter = metered(response, { view });
  try {
    if (partial === undefined) return await pipeline(response, meter, terminal.binaryOut(), { end: false, signal });
    await pipeline(response, meter, createWriteStream(partial, { flags: "r+" }), { signal });
    if (overwrite) return renameSync(partial, output);
    refuseTaken(output);
    moveTo(partial, output);
  } finally {
    view.close();
  }
};
