import type { BackupView } from "../backups/backup-view.ts";
import { listBackups } from "../backups/choose-backup.ts";
import type { RunCommand } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showTable } from "../terminal/show-table.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showTime } from "../terminal/show-text.ts";
import { findSite, noSites, referenceOf, sitesPath } from "../sites/site-reference.ts";

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const name = given.text("SITE");
  const sites = name === undefined ? (await service.all(sitesPath)).map(referenceOf) : [await findSite(service, name)];
  const backups: BackupView[] = [];
  for (const site of sites) backups.push(...(await listBackups(context, site)));
  print(context, { backups }, () => (sites.length === 0 ? noSites : tableOf(backups)));
  return exitCodes.done;
};

const tableOf = (backups: readonly BackupView[]): string => {
  if (backups.length === 0) return "There are no backups yet.\n";
  const columns = [
    { title: "SITE" },
    { title: "NUMBER", right: true },
    { title: "STATUS" },
    { title: "CREATED" },
    { title: "SIZE", right: true },
    { title: "NAME" },
  ];
  return showTable(
    columns,
    backups.map(({ site, id, created, sizeBytes, name, ...backup }) => [
      site,
      String(id),
      statusOf(backup),
      created === "" ? "-" : showTime(created),
      sizeBytes === 0 ? "-" : showBytes(sizeBytes),
      name,
    ]),
  );
};

const statusOf = ({
  status,
  damaged,
  emptied,
  unreadable,
}: Pick<BackupView, "status" | "damaged" | "emptied" | "unreadable">): string => {
  if (unreadable) return "unreadable";
  return damaged !== null ? `${status}, damaged` : emptied ? `${status}, emptied` : status;
};
