import { findBackup } from "./choose-backup.ts";
import type { CommandContext } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import type { SiteReference } from "../sites/site-reference.ts";
import type { BackupView } from "./backup-view.ts";

/** What is watched, or cancelled. */
type Work = { readonly backup: BackupView } | { readonly operation: string };

/** What was named: an operation's id, or a backup; without a name what runs on the site now. */
export const runningWork = async (
  context: CommandContext,
  site: SiteReference,
  asked: string | undefined,
): Promise<Work> => {
  const running = asked === undefined ? site.state?.optional("properties")?.optional("run") : undefined;
  const backup = running?.numberOr("backup", undefined);
  const operation = running?.textOr("operation", undefined);
  const named = asked ?? operation ?? (backup === undefined ? undefined : String(backup));
  if (named === undefined)
    throw new CommandFailure(exitCodes.notFound, "NothingRuns", `Nothing runs on ${site.label} now.`);
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(named)) return { operation: named };
  return { backup: await findBackup(context, site, named) };
};
