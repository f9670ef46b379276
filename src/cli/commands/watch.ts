import { tellBackup } from "../backup-outcome.ts";
import { findBackup } from "../choose-backup.ts";
import type { RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { tellOperation } from "../operation-outcome.ts";
import { findSite } from "../site-reference.ts";
import { watchBackup, watchOperation } from "../work.ts";

export const run: RunCommand = async (context, given) => {
  const site = await findSite(context.service(), given.need("SITE"));
  const asked = given.text("WHAT");
  const running = asked === undefined ? site.state?.optional("properties")?.optional("run") : undefined;
  const backup = running?.numberOr("backup", undefined);
  const operation = running?.textOr("operation", undefined);
  const named = asked ?? operation ?? (backup === undefined ? undefined : String(backup));
  if (named === undefined)
    throw new CommandFailure(exitCodes.notFound, "NothingRuns", `Nothing runs on ${site.label} now.`);
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(named)) {
    const { id } = await findBackup(context, site, named);
    return tellBackup(context, await watchBackup(context, site, id));
  }
  const ended = await watchOperation(context, site, { operation: named, title: `Working on ${site.label}` });
  return tellOperation(context, { site: site.label, title: `The ${ended.kind} of ${site.label}`, ended });
};
