import { createWriteStream, existsSync, linkSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { findBackup } from "../choose-backup.ts";
import type { CommandContext, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { metered } from "../metered.ts";
import { print } from "../print.ts";
import { progressView } from "../progress-view.ts";
import { findSite } from "../site-reference.ts";
import { whole } from "../whole.ts";
import type { IncomingMessage } from "node:http";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const format = given.text("format") ?? "zip";
  if (format !== "zip" && format !== "tar.gz")
    throw new CommandFailure(exitCodes.usage, "FormatUnknown", `--format: "${format}" is neither zip nor tar.gz.`);
  const site = await findSite(service, given.need("SITE"));
  const backup = await findBackup(context, site, given.need("BACKUP"));
  const output = given.text("output") ?? `${backup.blobName.replace(/\.zip$/, "").replaceAll("/", "_")}.${format}`;
  if (output === "-" && context.terminal.outIsTerminal)
    throw new CommandFailure(
      exitCodes.usage,
      "NotToTerminal",
      "An archive is nothing for a terminal: name a file by --output.",
    );
  if (output !== "-") refuseTaken(output);
  const response = await service.open(`${site.path}/backups/${backup.id}/files/download`, {
    query: { format, path: given.texts("PATH") },
  });
  await whole(async () =>
    receive(context, response, { output, title: `Getting backup ${backup.id} of ${site.label}` }),
  );
  if (output !== "-")
    print(
      context,
      { saved: { site: site.label, backup: backup.id, file: resolve(output), format } },
      () => `Saved as ${output}\n`,
    );
  return exitCodes.done;
};

const refuseTaken = (output: string): void => {
  if (existsSync(output))
    throw new CommandFailure(
      exitCodes.refused,
      "FileExists",
      `${output} exists. Name another file by --output, or move it away.`,
    );
};

/** Under another name until it is whole. */
const receive = async (
  { terminal, now, quiet }: CommandContext,
  response: IncomingMessage,
  { output, title }: { readonly output: string; readonly title: string },
): Promise<void> => {
  const view = progressView(terminal, { now, quiet, title });
  const meter = metered(response, { view });
  const partial = `${output}.${process.pid}.part`;
  try {
    if (output === "-") return await pipeline(response, meter, terminal.binaryOut(), { end: false });
    await pipeline(response, meter, createWriteStream(partial, { flags: "wx", mode: 0o600 }));
    refuseTaken(output);
    linkSync(partial, output);
  } finally {
    view.close();
    if (output !== "-") rmSync(partial, { force: true });
  }
};
