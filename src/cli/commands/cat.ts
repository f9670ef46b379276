import { pipeline } from "node:stream/promises";
import { findBackup } from "../backups/choose-backup.ts";
import type { RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { findSite } from "../sites/site-reference.ts";
import { whole } from "../files/whole.ts";

export const run: RunCommand = async (context, given) => {
  if (context.json)
    throw new CommandFailure(exitCodes.usage, "NoJson", "A file's content is no JSON: leave --json out.");
  const service = context.service();
  const site = await findSite(service, given.need("SITE"));
  const { id } = await findBackup(context, site, given.need("BACKUP"));
  const response = await service.open(`${site.path}/backups/${id}/files/content`, {
    query: { path: given.need("PATH") },
  });
  await whole(async () => pipeline(response, context.terminal.binaryOut(), { end: false }));
  return exitCodes.done;
};
