import type { Answer } from "../service/answer.ts";
import type { CommandContext, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { refuseContradiction, scheduleChanges } from "../sites/schedule-changes.ts";
import { scheduleText, scheduleView } from "../sites/schedule-view.ts";
import { siteDatabases, tellForgottenDatabases } from "../sites/site-databases.ts";
import { findSite } from "../sites/site-reference.ts";

export const run: RunCommand = async (context, given) => {
  refuseContradiction(given);
  const service = context.service();
  const site = await findSite(service, given.need("SITE"));
  const path = `${site.path}/config/backup`;
  if (given.flag("remove")) {
    await service.remove(path);
    // Where the installation has one for all sites, that is in force again.
    const left = await configured(context, path);
    const view = left === undefined ? null : scheduleView(site.label, left);
    print(context, { schedule: view }, () =>
      view === null
        ? `${site.label} has no schedule any more.\n`
        : `${site.label} has no schedule of its own any more.\n${scheduleText(view)}`,
    );
    return exitCodes.done;
  }
  const before = await configured(context, path);
  const changes = await scheduleChanges(context, given, { site, before });
  const answer = changes === undefined ? before : await service.put(path, { body: { properties: changes } });
  const view = answer === undefined ? null : scheduleView(site.label, answer);
  print(context, { schedule: view }, () =>
    view === null
      ? `${site.label} has no schedule. \`lifeboat schedule ${site.label} --every 1d --keep 30d\` makes one.\n`
      : scheduleText(view),
  );
  if (given.text("every") !== undefined && given.texts("database").length === 0 && view?.databases.length === 0)
    tellForgottenDatabases(
      context,
      await siteDatabases(context, site, { asks: false }),
      `lifeboat schedule ${site.label}`,
    );
  return exitCodes.done;
};

const configured = async (context: CommandContext, path: string): Promise<Answer | undefined> => {
  try {
    return await context.service().get(path);
  } catch (error) {
    if (error instanceof CommandFailure && error.code === "ConfigurationNotFound") return undefined;
    throw error;
  }
};
