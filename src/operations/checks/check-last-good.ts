import { isSound, zipName, type Backup } from "../../domain/backup.ts";
import { messageOf } from "../../domain/errors.ts";
import { siteLabel } from "../../domain/site.ts";
import { openContainer } from "../containers/credentials.ts";
import { databasesAmong } from "../databases/site-databases.ts";
import { isServed, nothingServed } from "../backups/served-files.ts";
import type { Finding } from "./finding.ts";
import type { Installation } from "../installation.ts";

/** Whether what the site would be restored from is still where it was written, and holds the site's databases too. */
export const checkLastGood = async (deps: Installation, backups: readonly Backup[]): Promise<readonly Finding[]> => {
  const lastGood = backups.findLast(isSound);
  if (lastGood === undefined) return [];
  const checks = [checkArchive, checkFiles, checkDatabases];
  return (await Promise.all(checks.map((check) => check(deps, lastGood)))).flat();
};

const checkArchive = async (deps: Installation, { site, id, blobBase, destination }: Backup) => {
  const problem = (reason: string): readonly Finding[] => [
    {
      name: `site ${siteLabel(site)}`,
      state: "problem",
      message: `Its last good backup (${id}) cannot be restored: ${reason}`,
      advice: "Bring back the disk or container that it lay in, or make a new backup now.",
    },
  ];
  try {
    const found = await (await openContainer(deps, destination)).head(zipName(blobBase));
    return found === undefined ? problem(`${zipName(blobBase)} is not in ${destination} any more.`) : [];
  } catch (error) {
    return problem(messageOf(error));
  }
};

/** A drive that is not mounted leaves a folder that is there and empty. */
const checkFiles = async ({ hosts }: Installation, lastGood: Backup): Promise<readonly Finding[]> => {
  if (lastGood.served !== "present") return [];
  const host = await hosts.host(lastGood.site);
  // That its directory is gone is told by whoever looks at the site.
  if ((await host.content()) === "missing") return [];
  for await (const { entries } of host.files.list()) if (entries.some(isServed)) return [];
  return [
    {
      name: `site ${siteLabel(lastGood.site)}`,
      state: "problem",
      message: nothingServed(lastGood),
      advice: `Mount it, or restore that backup: lifeboat restore ${siteLabel(lastGood.site)} ${lastGood.id}`,
    },
  ];
};

/** A connection string that nobody named is no part of a backup, and nothing else would say so. */
const checkDatabases = async (
  { hosts }: Installation,
  { site, id, databases }: Backup,
): Promise<readonly Finding[]> => {
  if (databases !== undefined && databases.length > 0) return [];
  const known = databasesAmong(await (await hosts.host(site)).settings.read());
  if (known.length === 0) return [];
  const names = known.map(({ name }) => name).join(", ");
  return [
    {
      name: `site ${siteLabel(site)}`,
      state: "warning",
      message: `Its last good backup (${id}) holds no database, though its connection strings lead to one: ${names}.`,
      advice: "If that was not meant: lifeboat backup and lifeboat schedule take them along with --database all.",
    },
  ];
};
