import type { CommandContext, RunCommand } from "../command.ts";
import { confirm } from "../terminal/confirm.ts";
import { tellBegun, tellOperation } from "../backups/operation-outcome.ts";
import { showTime } from "../terminal/show-text.ts";
import { findSite, type SiteReference } from "../sites/site-reference.ts";
import { watchOperation } from "../backups/work.ts";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const site = await findSite(service, given.need("SITE"));
  await confirm(context, {
    question: `This puts ${site.label} back to what it was before ${await lastRestore(context, site)}; what changed since is lost.`,
    word: site.label,
    yes: given.flag("yes"),
  });
  const { operation } = await service.begin(`${site.path}/undo`);
  if (given.flag("detach"))
    return tellBegun(context, { site: site.label, title: `The undo of ${site.label}`, id: operation, kind: "undo" });
  const ended = await watchOperation(context, site, { operation, title: `Undoing the restore of ${site.label}` });
  return tellOperation(context, { site: site.label, title: `Undo of ${site.label}`, ended });
};

/** Not always the last one that somebody asked for: that may have had nothing to change. */
const lastRestore = async (context: CommandContext, { path, state }: SiteReference): Promise<string> => {
  const id = state?.object("properties").textOr("undoOperation", null) ?? null;
  if (id === null) return "its last restore";
  const restore = (await context.service().get(`${path}/operations/${id}`)).object("properties");
  return `its restore of ${showTime(restore.text("created"))} from ${restore.text("blobName")}`;
};
