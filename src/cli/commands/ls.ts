import type { Answer } from "../service/answer.ts";
import { findBackup } from "../backups/choose-backup.ts";
import type { RunCommand } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showTable } from "../terminal/show-table.ts";
import { showName, showTime } from "../terminal/show-text.ts";
import { findSite } from "../sites/site-reference.ts";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const site = await findSite(service, given.need("SITE"));
  const { id } = await findBackup(context, site, given.need("BACKUP"));
  const entries: Entry[] = [];
  const pages = service.pages(`${site.path}/backups/${id}/files`, {
    query: { path: given.text("PATH"), limit: "5000" },
  });
  for await (const item of pages) {
    const entry = entryOf(item);
    // Large folders come page by page; people see each as it comes.
    if (context.json || given.flag("long")) entries.push(entry);
    else context.terminal.out(`${shownName(entry)}\n`);
  }
  if (context.json) print(context, { site: site.label, backup: id, entries }, () => "");
  else if (given.flag("long")) context.terminal.out(tableOf(entries));
  return exitCodes.done;
};

const entryOf = (item: Answer) => ({
  name: item.text("name"),
  path: item.text("path"),
  kind: item.text("kind"),
  sizeBytes: item.numberOr("sizeBytes", null),
  modified: item.textOr("modified", null),
  mode: item.textOr("mode", null),
  contentHash: item.textOr("contentHash", null),
});
type Entry = ReturnType<typeof entryOf>;

const shownName = ({ name, kind }: Entry): string => `${showName(name)}${kind === "directory" ? "/" : ""}`;

const tableOf = (entries: readonly Entry[]): string =>
  showTable(
    [{ title: "MODE" }, { title: "BYTES", right: true }, { title: "MODIFIED" }, { title: "NAME" }],
    entries.map((entry) => [
      entry.mode ?? "-",
      entry.sizeBytes === null ? "-" : String(entry.sizeBytes),
      entry.modified === null ? "-" : showTime(entry.modified),
      shownName(entry),
    ]),
  );
