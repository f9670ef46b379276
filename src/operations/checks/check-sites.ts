import { messageOf, Refusal } from "../../domain/errors.ts";
import { siteLabel } from "../../domain/site.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { askContainer } from "../containers/credentials.ts";
import { usualContainer } from "../containers/where-to.ts";
import type { Installation } from "../installation.ts";
import { readBackups } from "../rows/backup-rows.ts";
import { sharedFolders, siteFolders } from "../sites/shared-folders.ts";
import { checkLastGood } from "./check-last-good.ts";
import { checkNewest } from "./check-newest.ts";
import { checkStarted } from "./check-started.ts";
import { ok, type Finding } from "./finding.ts";

/** Sites that cannot be understood, whose files are gone, or whose backups have nowhere to go, or did not end well. */
export const checkSites = async (deps: Installation): Promise<readonly Finding[]> => {
  const findings = (await deps.sites.problems()).map((message): Finding => ({
    name: "site files",
    state: "problem",
    message,
    advice: "Correct the file; docs/sites.md tells its fields.",
  }));
  const sites = await deps.sites.list();
  const folders = await siteFolders(deps, "all");
  for (const site of sites) {
    const shared = sharedFolders(site.id, folders).map((message): Finding => ({
      name: `site ${siteLabel(site.id)}`,
      state: "warning",
      message,
      advice: "Give each site a folder of its own, if that was not meant.",
    }));
    findings.push(...shared, ...(await checkSite(deps, site)));
  }
  return findings.length > 0 ? findings : [ok("sites", `${sites.length} described, all there.`)];
};

const checkSite = async (deps: Installation, site: SiteDefinition): Promise<readonly Finding[]> => {
  const problem = (message: string, advice?: string): Finding => ({
    name: `site ${siteLabel(site.id)}`,
    state: "problem",
    message,
    ...(advice === undefined ? {} : { advice }),
  });
  const missing: Finding[] = [];
  try {
    if ((await (await deps.hosts.host(site.id)).content()) === "missing")
      missing.push(problem("Its directory is not there.", "Mount or create it, or correct the site's file."));
    await askContainer((await usualContainer(deps, site)).destination);
    const backups = await readBackups(deps.catalog, site.id);
    return [
      ...missing,
      ...(await checkLastGood(deps, backups)),
      ...checkNewest(backups),
      ...(await checkStarted(deps, site.id)),
    ];
  } catch (error) {
    const isRefused = error instanceof Refusal && error.code === "DestinationRefused";
    return [
      ...missing,
      problem(
        messageOf(error),
        isRefused ? "docs/destinations.md tells what may be named, and by which settings." : undefined,
      ),
    ];
  }
};
