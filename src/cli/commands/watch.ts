import { tellBackup } from "../backups/backup-outcome.ts";
import type { RunCommand } from "../command.ts";
import { tellOperation } from "../backups/operation-outcome.ts";
import { runningWork } from "../backups/running-work.ts";
import { findSite } from "../sites/site-reference.ts";
import { watchBackup, watchOperation } from "../backups/work.ts";

export const run: RunCommand = async (context, given) => {
  const site = await findSite(context.service(), given.need("SITE"));
  const work = await runningWork(context, site, given.text("WHAT"));
  if ("backup" in work) return tellBackup(context, await watchBackup(context, site, work.backup.id));
  const ended = await watchOperation(context, site, { ...work, title: `Working on ${site.label}` });
  return tellOperation(context, { site: site.label, title: `The ${ended.kind} of ${site.label}`, ended });
};
