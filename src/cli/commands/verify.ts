import type { Answer } from "../service/answer.ts";
import { findBackup } from "../backups/choose-backup.ts";
import type { RunCommand } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { tellBegun } from "../backups/operation-outcome.ts";
import { print } from "../terminal/print.ts";
import { indented } from "../backups/backup-outcome.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showCount, showMany, showName } from "../terminal/show-text.ts";
import { findSite } from "../sites/site-reference.ts";
import { watchOperation } from "../backups/work.ts";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const site = await findSite(service, given.need("SITE"));
  const { id } = await findBackup(context, site, given.text("BACKUP") ?? "latest");
  const { operation } = await service.begin(`${site.path}/backups/${id}/verify`, {
    body: { properties: { quick: given.flag("quick") } },
  });
  if (given.flag("detach"))
    return tellBegun(context, { site: site.label, title: `The verify of backup ${id}`, id: operation, kind: "verify" });
  const ended = await watchOperation(context, site, { operation, title: `Verifying backup ${id} of ${site.label}` });
  const found = ended.properties.optional("verification");
  if (ended.status === "Failed" || found === undefined) {
    print(
      context,
      { verification: null, log: ended.log },
      () => `Backup ${id} of ${site.label} could not be verified.\n${indented(ended.log ?? "")}`,
    );
    return exitCodes.failed;
  }
  const view = { site: site.label, backup: id, ...verification(found) };
  print(context, { verification: view }, () => verificationText(view));
  return view.ok ? exitCodes.done : exitCodes.failed;
};

const verification = (found: Answer) => ({
  ok: found.flag("ok"),
  quick: found.flag("quick"),
  entries: found.number("entries"),
  checkedEntries: found.number("checkedEntries"),
  sizeBytes: found.number("sizeInBytes"),
  damagedCount: found.number("damagedCount"),
  damaged: found.list("damaged").map((one) => ({
    path: one.textOr("path", null),
    code: one.text("code"),
    problem: one.text("problem"),
  })),
});

const verificationText = (
  view: { readonly site: string; readonly backup: number } & ReturnType<typeof verification>,
): string => {
  const what = `Backup ${view.backup} of ${view.site}`;
  const how = `${showCount(view.checkedEntries)} of ${showMany(view.entries, "entry", "entries")}, ${showBytes(view.sizeBytes)}${view.quick ? ", by checksums alone" : ""}`;
  if (view.ok) return `${what} is whole: ${how}\n`;
  const lines = view.damaged.map(
    ({ path, problem }) =>
      `  ${path === null || problem.includes(path) ? "" : `${showName(path)}: `}${showName(problem)}\n`,
  );
  const more = view.damagedCount - view.damaged.length;
  return [
    `${what} is damaged in ${showMany(view.damagedCount, "place")}: ${how}\n`,
    ...lines,
    ...(more > 0 ? [`  and ${showCount(more)} more\n`] : []),
    "Do not rely on it: make a new backup, and find out who may write to its container.\n",
  ].join("");
};
