import { zipName, type Backup } from "../../domain/backup.ts";
import { sasFindings, type SasFinding } from "../../domain/sas.ts";
import { siteLabel } from "../../domain/site.ts";
import { credentialOf, openContainer } from "../../operations/containers/credentials.ts";
import type { Installation } from "../../operations/installation.ts";
import { readBackups } from "../../operations/rows/backup-rows.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteHost } from "../../ports/site-host.ts";
import type { BackupRef, StepResult } from "../../workflows/contract.ts";
import { backingUp } from "./backing-up.ts";
import { backupOf, changeBackup } from "./backup-row.ts";
import { nameTaken, removeFormers } from "./own-blobs.ts";
import { failed, runLost } from "../owns-site.ts";
import { settleExchanges } from "../restore/settle-exchanges.ts";
import { startStuckSite } from "../restore/start-stuck-site.ts";
import { scratchOf } from "../scratch.ts";

/** Checks what can be checked before the long work; `notes` are lines for the backup's log. */
export const openBackup =
  (deps: Installation) =>
  (ref: BackupRef, call: Call): Promise<StepResult<"openBackup">> =>
    backingUp(deps, ref, async () => {
      const started = deps.clock.now().toISOString();
      const begun = await changeBackup(deps, ref, (backup) => ({ started, ...backup, status: "InProgress" }));
      if (!begun) return runLost;
      call.log.info("backup begins", { site: siteLabel(ref.site), backup: ref.backup, run: ref.run });
      const backup = await backupOf(deps, ref);
      const findings = await checkCredential(deps, backup);
      const refused = findings.find(({ severity }) => severity === "error");
      if (refused !== undefined) return failed(refused.text);
      const host = await deps.hosts.host(ref.site);
      const problem = await checkContent(host);
      if (problem !== undefined) return failed(problem);
      await settleExchanges(deps, { ref, host }, call);
      await startStuckSite(deps, ref, { host, call });
      const mayRead = !findings.some((finding) => finding.problem === "LacksRead");
      const taken = mayRead ? await checkContainer(deps, backup) : undefined;
      if (taken !== undefined) return failed(taken);
      const scratch = scratchOf(await deps.scratch(), ref.run);
      const notes = await scratch.putJson(findings.map(({ text }) => `Warning: ${text}`));
      return { ok: true, notes, databases: backup.databases?.length ?? 0 };
    });

const hourMs = 3_600_000;

/** A SAS should last three times as long as the last backup took, and an hour at least. */
const checkCredential = async (deps: Installation, backup: Backup): Promise<readonly SasFinding[]> => {
  const credential = await credentialOf(deps, backup.destination);
  if (credential === undefined) return [];
  const backups = await readBackups(deps.catalog, backup.site);
  const last = backups.findLast(({ started, finished }) => started && finished);
  const lastMs = last === undefined ? 0 : Date.parse(last.finished ?? "") - Date.parse(last.started ?? "");
  return sasFindings(credential, { now: deps.clock.now(), neededForMs: Math.max(hourMs, 3 * lastMs) });
};

const checkContent = async (host: SiteHost): Promise<string | undefined> =>
  (await host.content()) === "missing"
    ? `The site's directory (${host.location}) is not there. Mount or create it, or correct the site's file.`
    : undefined;

/** Asks the container for the name: a container that is not there, or does not let us in, is told now. */
const checkContainer = async (deps: Installation, backup: Backup): Promise<string | undefined> => {
  const name = zipName(backup.blobBase);
  const destination = await openContainer(deps, backup.destination);
  await removeFormers(destination, backup);
  const taken = await destination.head(name);
  if (taken === undefined || taken.metadata["run"] === backup.run) return undefined;
  return nameTaken(name);
};
