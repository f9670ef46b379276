import type { RunCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { exitCodes } from "../exit-code.ts";
import { tellOperation } from "../operation-outcome.ts";
import { print } from "../print.ts";
import { findSite } from "../site-reference.ts";
import { watchOperation } from "../work.ts";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const site = await findSite(service, given.need("SITE"));
  await confirm(context, {
    question: `This puts ${site.label} back to what it was before its last restore; what changed since is lost.`,
    word: site.label,
    yes: given.flag("yes"),
  });
  const { operation } = await service.begin(`${site.path}/undo`);
  if (given.flag("detach")) {
    print(
      context,
      {
        operation: { id: operation, kind: "undo", site: site.label, status: "InProgress", log: null, cancelled: null },
      },
      () => `The undo of ${site.label} is begun. \`lifeboat watch ${site.label} ${operation}\` shows how far it is.\n`,
    );
    return exitCodes.done;
  }
  const ended = await watchOperation(context, site, { operation, title: `Undoing the restore of ${site.label}` });
  return tellOperation(context, { site: site.label, title: `Undo of ${site.label}`, ended });
};
