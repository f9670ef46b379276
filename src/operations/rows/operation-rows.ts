import * as z from "zod";
import { shownLogLength, type EndedRestore } from "../../domain/alarm.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Catalog, Row, RowChange } from "../../ports/catalog.ts";
import { keptDatabases } from "./database-reference.ts";
import { operationKey, operationPrefix, sitePartition } from "./keys.ts";
import { siteId } from "./site-id.ts";

/** What a restore was asked to do. No secret: the container's credential lies with the container. */
const request = z.object({
  destination: z.string(),
  /** Name of the zip in the container. */
  blob: z.string(),
  backup: z.number().exactOptional(),
  /** Whose backup it is, where it is one of ours. */
  backupSite: siteId.exactOptional(),
  overwrite: z.boolean(),
  /** Only these paths and what is below them; empty: everything. */
  paths: z.array(z.string()),
  configuration: z.boolean(),
  /** Size and mtime prove "unchanged" instead of the content's hash. */
  quick: z.boolean(),
  /** Links that leave the site are restored also from an archive this installation does not know. */
  allowOutsideLinks: z.boolean(),
  /** Dumps are loaded also from an archive this installation does not know. */
  allowUnknownDumps: z.boolean().exactOptional(),
  /** The site's connection strings of restored databases become those by which these were reached. */
  adjustConnectionStrings: z.boolean().exactOptional(),
  /** Nothing but databases is restored. */
  databasesOnly: z.boolean().exactOptional(),
});
export type RestoreRequest = z.infer<typeof request>;

/** What a verify has found so far. */
const verification = z.object({
  /** Only the stored bytes are compared with their checksums; contents are not inflated. */
  quick: z.boolean(),
  /** Entries checked, in the order of their data. */
  checked: z.number(),
  entries: z.number(),
  sizeBytes: z.number(),
  faultCount: z.number(),
  /** The first of them. */
  faults: z.array(z.object({ path: z.string().exactOptional(), code: z.string(), problem: z.string() })),
});
export type Verification = z.infer<typeof verification>;

const operation = z.object({
  id: z.string(),
  kind: z.enum(["restore", "undo", "verify"]),
  run: z.string(),
  /** Runs of it that were believed dead and taken over from, oldest first: what they exchanged was never acknowledged. */
  formerRuns: z.array(z.string()).exactOptional(),
  status: z.enum(["InProgress", "Succeeded", "Failed"]),
  created: z.string(),
  finished: z.string().exactOptional(),
  request: request.exactOptional(),
  /** Of a verify: which backup. */
  backup: z.number().exactOptional(),
  verification: verification.exactOptional(),
  /** Of a verify: the store of workflows that has it, where processes with stores of their own share the catalog. */
  hub: z.string().exactOptional(),
  /** Of an undo: the restore run whose replaced content comes back. */
  undoOf: z.string().exactOptional(),
  /** Of a restore: it failed, and what it replaced is put back or was; nothing of it goes forward any more. */
  putsBack: z.boolean().exactOptional(),
  /** An undo that nobody asked for: of a run that was given up. That it finds nothing to put back is no failure. */
  settles: z.boolean().exactOptional(),
  /** The recovery key the caller gave, sealed, until the operation ends. */
  recoveryKey: z.string().exactOptional(),
  /** Of a restore: the databases to bring back. */
  ...keptDatabases,
  /** What a person should know: what was written, replaced, removed, kept; notes; or why it failed. */
  log: z.string().exactOptional(),
  /** When somebody asked for its end. Steps that would bring it forward do nothing any more. */
  cancelled: z.string().exactOptional(),
  /** It cannot be cancelled any more: of a restore everything is exchanged, of an undo putting back begins. */
  final: z.boolean().exactOptional(),
  /** Its run came to its own end: what it exchanged stays, or was put back by itself. */
  closed: z.boolean().exactOptional(),
  /** Whether the site was stopped by it, or only had the offline page in front. */
  stopped: z.enum(["stopped", "page"]).exactOptional(),
  /** It failed, and something of what it exchanged is in the site. */
  half: z.boolean().exactOptional(),
  /** It has started the site again, and that went well. */
  up: z.boolean().exactOptional(),
  /** The site is to run again: a stop that comes late undoes itself. */
  started: z.boolean().exactOptional(),
});
export type Operation = z.infer<typeof operation>;

export const readOperation = async (
  catalog: Catalog,
  site: SiteId,
  id: string,
): Promise<{ readonly operation: Operation; readonly version: string } | undefined> => {
  const row = await catalog.get(sitePartition(site), operationKey(id));
  return row === undefined ? undefined : { operation: operation.parse(row.value), version: row.version };
};

/** The operations of a site that are still told, with their rows; without the operation where one cannot be understood. */
export const listOperations = async (
  catalog: Catalog,
  site: SiteId,
): Promise<readonly { readonly row: Row; readonly operation: Operation | undefined }[]> =>
  (await catalog.list(sitePartition(site), { prefix: operationPrefix })).map((row) => ({
    row,
    operation: operation.safeParse(row.value).data,
  }));

/** As above, those that can be understood. */
export const readKnownOperations = async (
  catalog: Catalog,
  site: SiteId,
): Promise<readonly { readonly key: string; readonly operation: Operation }[]> =>
  (await listOperations(catalog, site)).flatMap(({ row: { key }, operation: known }) =>
    known === undefined ? [] : [{ key, operation: known }],
  );

/** All that says whether a run came to its end: what else stands in its row may be another version's. */
const ending = operation.pick({ run: true, formerRuns: true, status: true, closed: true });

/**
 * Which of a site's runs came to their own end. What any other has exchanged was never acknowledged and is put back, only
 * what these have replaced may go. Rows are forgotten long after their runs have ended; while one does not even say which
 * run it is of, nobody knows of a run that no other row names.
 */
export const closedRuns = async (catalog: Catalog, site: SiteId): Promise<(run: string) => boolean | "unknown"> => {
  const rows = await catalog.list(sitePartition(site), { prefix: operationPrefix });
  const known = rows.flatMap(({ value }) => ending.safeParse(value).data ?? []);
  const unclosed = known.filter(({ status, closed }) => status !== "Succeeded" && closed !== true);
  const open = new Set([...unclosed.map(({ run }) => run), ...known.flatMap(({ formerRuns = [] }) => formerRuns)]);
  const named = new Set(known.map(({ run }) => run));
  return (run) => (open.has(run) ? false : known.length === rows.length || named.has(run) || "unknown");
};

export const insertOperation = (added: Operation): RowChange => ({
  kind: "insert",
  key: operationKey(added.id),
  value: { ...added },
});

export const replaceOperation = (changed: Operation, version: string): RowChange => ({
  kind: "replace",
  key: operationKey(changed.id),
  value: { ...changed },
  version,
});

/** What alarms tell of a restore or undo; undefined while it has not ended, and of a verify. */
export const endedRestoreOf = (operation: Operation): EndedRestore | undefined => {
  const { id, kind, status, finished, created, request, stopped, up, log } = operation;
  if (kind === "verify" || status === "InProgress") return undefined;
  return {
    id,
    kind,
    status,
    finished: finished ?? created,
    ...(request === undefined ? {} : { blob: request.blob }),
    settles: operation.settles === true,
    cancelled: operation.cancelled !== undefined,
    closed: operation.closed === true,
    half: operation.half === true,
    down: stopped !== undefined && up !== true,
    ...(log === undefined || log === "" ? {} : { log: log.slice(0, shownLogLength) }),
  };
};
