import { recoveryContext } from "../../domain/recovery-context.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import { keepDatabases } from "../databases/database-wishes.ts";
import type { Installation } from "../installation.ts";
import { operationKey } from "../rows/keys.ts";
import type { Operation, RestoreRequest } from "../rows/operation-rows.ts";
import { runId } from "../runs/start-run.ts";
import { takeSite } from "../runs/take-site.ts";
import { askedRestore, stringsOfBackup, type AskedRestore, type RestoreWish } from "./asked-restore.ts";
import { archiveNamed } from "./restore-source.ts";
import { newSite } from "./restore-target.ts";

/** Takes the target site and starts its restore; a target that does not exist is made when overwrite is false. */
export const restoreSite =
  (deps: Installation) =>
  async (
    call: Call,
    pathSite: SiteId,
    wish: RestoreWish,
  ): Promise<{ readonly site: SiteDefinition; readonly operation: Operation }> => {
    const asked = await askedRestore(deps, call, { pathSite, wish });
    const site = asked.site ?? (await newSite(deps, asked.target));
    const operation = await newOperation(deps, wish, { ...asked, target: site.id });
    await takeSite(deps, call, { site: site.id, operation });
    call.log.info("restore asked", { site: siteLabel(site.id), blob: asked.source.blob, caller: call.caller });
    return { site, operation };
  };

const newOperation = async (deps: Installation, wish: RestoreWish, asked: AskedRestore): Promise<Operation> => {
  const id = deps.newId();
  const request: RestoreRequest = {
    ...archiveNamed(asked.source),
    overwrite: wish.overwrite,
    paths: [...wish.paths],
    configuration: asked.wantsConfiguration,
    quick: wish.quick,
    allowOutsideLinks: wish.allowOutsideLinks,
    ...(wish.allowUnknownDumps === true ? { allowUnknownDumps: true } : {}),
    ...(wish.adjustConnectionStrings === true ? { adjustConnectionStrings: true } : {}),
    ...(wish.databasesOnly === true ? { databasesOnly: true } : {}),
  };
  const wishes = wish.databases ?? [];
  const databases =
    wishes.length === 0
      ? {}
      : await keepDatabases(deps, operationKey(id), { wishes, before: await stringsOfBackup(deps, asked) });
  const recoveryKey = wish.recoveryKey && (await deps.sealer.seal(wish.recoveryKey, recoveryContext(id)));
  return {
    id,
    kind: "restore",
    run: runId("restore", deps),
    status: "InProgress",
    created: deps.clock.now().toISOString(),
    request,
    ...databases,
    ...(recoveryKey === undefined ? {} : { recoveryKey }),
  };
};
