import { someOf } from "../../domain/some-of.ts";
import { siteLabel } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { readBackupRows } from "../rows/backup-rows.ts";
import { backupKey, siteRowKey } from "../rows/keys.ts";
import { listOpenRuns } from "../rows/open-run-rows.ts";
import { listOperations } from "../rows/operation-rows.ts";
import { hasReadableRow } from "../rows/site-row.ts";
import { unreadableWatchRows } from "../rows/watch-rows.ts";
import type { Finding } from "./finding.ts";
import { unreadableAdvice } from "./unreadable-advice.ts";

const mostNamed = 5;

/** Rows of the catalog that cannot be understood. */
export const checkRows = async (deps: Installation): Promise<readonly Finding[]> => [
  ...(await checkSharedRows(deps)),
  ...(await checkSiteRows(deps)),
];

/** Those of a site by which its runs go on, and by which others know what is being read. */
const checkSiteRows = async ({ catalog, sites }: Installation): Promise<readonly Finding[]> => {
  const found: string[] = [];
  for (const { id } of await sites.list()) {
    const operations = (await listOperations(catalog, id)).filter(({ operation }) => operation === undefined);
    const keys = [
      ...((await hasReadableRow(catalog, id)) ? [] : [siteRowKey]),
      ...operations.map(({ row }) => row.key),
      ...(await readBackupRows(catalog, id)).unreadable.map(backupKey),
    ];
    found.push(...keys.map((key) => `${key} of ${siteLabel(id)}`));
  }
  if (found.length === 0) return [];
  const message = `The catalog holds rows of sites that cannot be read: ${someOf(found, mostNamed)}. What they are about cannot go on or be told, and backups that may be read by it are not deleted.`;
  return [{ name: "rows", state: "problem", message, advice: unreadableAdvice }];
};

/** Those that timers go through for everybody, and pass over where they do not understand them. */
const checkSharedRows = async ({ catalog }: Installation): Promise<readonly Finding[]> => {
  const runs = (await listOpenRuns(catalog)).unreadable.map(({ key }) => key);
  const keys = [...runs, ...(await unreadableWatchRows(catalog))];
  if (keys.length === 0) return [];
  return [
    {
      name: "rows",
      state: "warning",
      message: `The catalog holds rows that cannot be read and are passed over: ${someOf(keys, mostNamed)}.`,
      advice: "Look at the log, which says what became of each; delete a backup again whose deletion it was.",
    },
  ];
};
