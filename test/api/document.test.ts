import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { page } from "../../src/api/wire/page.ts";
import { browsedEntry } from "../../src/api/wire/browsed-entry.ts";
import { checksReply } from "../../src/api/wire/checks.ts";
import { comparedBackup } from "../../src/api/wire/compared-backup.ts";
import { keyReply } from "../../src/api/wire/key.ts";
import { discoverReply } from "../../src/api/wire/discovery.ts";
import { operationReply, verificationReply } from "../../src/api/wire/operation.ts";
import { plannedBackup } from "../../src/api/wire/planned-backup.ts";
import { plannedRestore } from "../../src/api/wire/planned-restore.ts";
import { progressReply } from "../../src/api/wire/progress.ts";
import { siteDatabaseReply } from "../../src/api/wire/site-databases.ts";
import { siteDescriptionReply } from "../../src/api/wire/site-description.ts";
import { siteStateReply } from "../../src/api/wire/site-state.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Backup } from "../../src/domain/backup.ts";
import type { SiteState } from "../../src/operations/sites/site-states.ts";
import type { Operation } from "../../src/operations/rows/operation-rows.ts";
import { packedEntry } from "../support/lifeboat-zip.ts";
import { bareManifest } from "../manifest/example.ts";
import { shop } from "../support/installation.ts";

/** The JSON below each heading of docs/api.md. */
const examples = new Map<string, unknown>();
for (const section of readFileSync("docs/api.md", "utf8").split(/^#+ /m)) {
  const [, json] = /^```json\n([\s\S]*?)^```/m.exec(section) ?? [];
  if (json !== undefined) examples.set(section.split("\n")[0] ?? "", JSON.parse(json));
}

const site = { id: shop, location: "Local", tier: "Standard" };
const progress = {
  phase: "Packing",
  files: 1,
  bytes: 1,
  totalFiles: 2,
  totalBytes: 2,
  beat: 1,
  updated: "2026-11-21T12:00:04Z",
};
const verification = {
  quick: false,
  checked: 1,
  entries: 1,
  sizeBytes: 1,
  faultCount: 1,
  faults: [{ path: "a", code: "b", problem: "c" }],
};
const operation: Operation = {
  id: "o",
  kind: "verify",
  run: "r",
  status: "InProgress",
  created: "2026-11-21T12:00:00Z",
};
const backup: Backup = {
  site: shop,
  id: 7,
  name: "nightly",
  blobBase: "nightly",
  status: "Succeeded",
  scheduled: false,
  destination: "file:///b",
  correlationId: "c",
  created: "2026-11-21T12:00:00Z",
  finished: "2026-11-21T12:01:00Z",
  sizeBytes: 1,
};
const siteState: SiteState = {
  site,
  row: {
    nextBackupId: 8,
    epoch: 1,
    run: { id: "r", kind: "backup", since: "2026-11-21T12:00:00Z", backup: 7, operation: "o" },
    undo: { run: "r", operation: "o", until: "2026-11-24T12:00:00Z" },
  },
  last: backup,
  lastGood: backup,
  restorable: 1,
};
const nothing = { entries: 0, sizeBytes: 0 };
const line = { number: 2, text: "/site/wwwroot/cache" };
const path = pathFromText("site/wwwroot/a");
const { entry } = packedEntry({ name: "fs/site/wwwroot/a", content: "a" });

/** What the service answers, made by the same code, with every member that can be there. */
const answers: Readonly<Record<string, unknown>> = {
  "Sites and how they stand": page([siteStateReply(siteState)]),
  "Checking the installation": checksReply({ clock: { now: () => new Date(0) }, version: "1" }, [
    { name: "disk", state: "ok", message: "", advice: "" },
  ]),
  "Databases of a site": page([
    siteDatabaseReply({ connectionStringName: "OrdersDb", type: "PostgreSql", problem: "It does not answer." }),
  ]),
  "Describing a site": siteDescriptionReply({
    site,
    description: { home: "/srv/shop", directories: { uploads: "/mnt/uploads/shop" } },
  }),
  "What takes its time": operationReply({ site, operation, progress }),
  "Dry run": plannedRestore({
    target: shop,
    isNew: false,
    blob: "a.zip",
    counts: { write: nothing, replace: nothing, remove: nothing, adjust: nothing, keep: nothing, leave: nothing },
    problems: [],
    databases: [
      {
        wanted: { reference: { type: "PostgreSql", name: "orders" }, entry: pathFromText("orders.dump"), sizeBytes: 1 },
        target: "orders on db.example.com",
      },
    ],
    notes: [],
    changes: [{ path, kind: "file", action: "write", reason: "", sizeBytes: 1 }],
    more: 0,
  }),
  "Dry run of a backup": plannedBackup(
    {
      files: 1,
      sizeBytes: 1,
      lines: [{ line, ...nothing }],
      unreadable: [],
      problems: [],
      warnings: [],
      databases: [{ type: "PostgreSql", name: "orders" }],
      entries: [{ entry: { path, kind: "file", sizeBytes: 1, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n }, line }],
    },
    null,
  ),
  Progress: progressReply({ status: "InProgress", started: "2026-11-21T12:00:00Z" }, progress),
  Discovering: discoverReply(shop, {
    wish: {},
    showsSecrets: false,
    discovery: {
      access: { container: "file:///b" },
      total: 1,
      found: [
        {
          blobName: "a.zip",
          kind: "lifeboat",
          sizeBytes: 1,
          modified: new Date(0),
          databases: [],
          manifest: { ...bareManifest, configuration: { entry: path, recoveryKey: "k" } },
        },
      ],
    },
  }),
  Verifying: verificationReply({ site, operation: { ...operation, finished: "2026-11-21T12:03:00Z", verification } }),
  Keys: keyReply(
    { id: "k", role: "operator", reach: [{ subscription: "s" }], sha256: "", created: "", createdBy: "" },
    new Secret("s"),
  ),
  Comparing: comparedBackup(
    { backup: 7, with: 8 },
    {
      counts: { added: nothing, removed: nothing, changed: nothing, adjusted: nothing },
      changes: [{ path, kind: "file", change: "added", sizeBytes: 1 }],
      more: 0,
    },
  ),
  "Looking into a backup": { value: [browsedEntry({ path, kind: "file", entry }, "")], nextLink: null, id: null },
};

/** Every member by its way from the top; lists by their first item. */
const members = (value: unknown, at = ""): readonly string[] => {
  if (Array.isArray(value)) return value.length === 0 ? [] : members(value[0], `${at}[]`);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [`${at}.${name}`, ...members(inner, `${at}.${name}`)]);
};

describe("docs/api.md", () => {
  it("shows an example of each of our own answers", () => {
    expect([...examples.keys()].toSorted()).toEqual(Object.keys(answers).toSorted());
  });

  it.each(Object.keys(answers))("shows the members that answers have: %s", (heading) => {
    // ARM's envelope and request fields are not repeated everywhere.
    const known =
      /^\.(?:value\[\]\.)?(id|location)$|^\.properties\.(storageAccountUrl|blobName|overwrite|siteName|databases|ignore\w+|operationType)$/;
    const missing = members(answers[heading]).filter((member) => !members(examples.get(heading)).includes(member));
    expect(missing.filter((member) => !known.test(member))).toEqual([]);
    expect(members(examples.get(heading)).filter((member) => !members(answers[heading]).includes(member))).toEqual([]);
  });
});
