import * as z from "zod";
import { statusNumber } from "../../domain/backup.ts";

/** What requests and answers look like, for the OpenAPI description; a test holds real answers against them. */

const date = z.iso.datetime({ offset: true });
const bytes = z.int().min(0);
const envelope = { id: z.string(), name: z.string(), type: z.string(), location: z.string() };
/** In requests: Azure's clients send it, and it is not used. */
const ignored = { location: z.string().optional(), kind: z.string().nullish() };

const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ value: z.array(item), nextLink: z.url().nullable(), id: z.null() });

export const error = z
  .strictObject({
    Code: z.string(),
    Message: z.string(),
    Target: z.null(),
    Details: z.array(z.object({})),
    Innererror: z.null(),
    error: z.strictObject({
      code: z.string(),
      message: z.string(),
      target: z.null(),
      details: z.array(z.strictObject({ code: z.string(), message: z.string(), target: z.null() })),
      innererror: z.null(),
    }),
  })
  .describe("Both of ARM's error forms in one.");

const status = z
  .union([z.enum(Object.keys(statusNumber)), z.int().min(0).max(9)])
  .describe("A number for api-versions up to 2015-08-01, otherwise a name.");

const database = z.strictObject({
  databaseType: z.string().describe("SqlAzure, MySql, LocalMySql or PostgreSql."),
  name: z.string().nullable(),
  connectionStringName: z.string().nullable(),
  connectionString: z.string().nullable(),
});

const backupProperties = z.strictObject({
  id: z.int(),
  storageAccountUrl: z.string().describe("Blank in every GET, and for everybody below admin."),
  blobName: z.string(),
  name: z.string(),
  backupName: z.string().optional().describe("From api-version 2018-02-01 on."),
  status,
  sizeInBytes: bytes,
  created: date.nullable().describe("Null only beside `unreadable`."),
  log: z.string().nullable(),
  databases: z.array(database).nullable(),
  scheduled: z.boolean(),
  correlationId: z.string(),
  websiteSizeInBytes: bytes.nullable().describe("Of its files before packing."),
  databaseSizeInBytes: bytes.optional().describe("Own: of its dumps before packing."),
  finishedTimeStamp: date.optional(),
  lastRestoreTimeStamp: date.optional(),
  expires: date.optional(),
  damaged: date.optional().describe("Own: when its archive was found damaged."),
  emptied: z.boolean().optional().describe("Own: the site had nothing to serve, though a backup before it holds some."),
  unreadable: z
    .literal(true)
    .optional()
    .describe("Own: what the catalog holds of it cannot be read, so that nothing is known but its number."),
});

export const backupItem = z.strictObject({ ...envelope, properties: backupProperties });
export const backupPage = pageOf(backupItem);

const frequencyUnit = z.enum(["Day", "Hour"]);
const ownScheduleFields = {
  timeZone: z.string().optional().describe("Own: an IANA name whose days count; UTC without it."),
  runWindow: z
    .object({ from: z.string(), to: z.string() })
    .optional()
    .describe("Own: the times of day, such as 22:00 and 06:00, between which runs may begin."),
  keepDaily: z.int().min(0).optional().describe("Own: the newest of each of so many days stays longer."),
  keepWeekly: z.int().min(0).optional().describe("Own: the same for weeks."),
  keepMonthly: z.int().min(0).optional().describe("Own: the same for months."),
};

const schedule = {
  ...ownScheduleFields,
  frequencyInterval: z.int().min(1),
  frequencyUnit,
  keepAtLeastOneBackup: z.boolean(),
  retentionPeriodInDays: z.int().min(0).describe("0: for ever."),
};

const databaseWish = z.object({
  databaseType: z.string(),
  name: z.string().optional(),
  connectionStringName: z.string().optional(),
  connectionString: z.string().optional(),
});

export const backupRequest = z.object({
  ...ignored,
  properties: z
    .object({
      backupName: z.string().optional(),
      name: z.string().optional().describe("What backupName was called up to 2016-08-01."),
      storageAccountUrl: z.string().optional().describe("An https container URL with SAS, or a file: URL."),
      databases: z.array(databaseWish).nullish(),
      expires: date.optional().describe("Own: when it may be removed."),
    })
    .optional(),
});

export const configurationRequest = z.object({
  ...ignored,
  properties: z.object({
    backupName: z.string().optional(),
    name: z.string().optional(),
    enabled: z.boolean().optional(),
    storageAccountUrl: z.string().optional().describe("Left out or blank: the stored one stays."),
    backupSchedule: z
      .object({
        frequencyInterval: z.int().min(1).default(7),
        frequencyUnit: frequencyUnit.default("Day"),
        keepAtLeastOneBackup: z.boolean().default(true),
        retentionPeriodInDays: z.int().min(0).default(30),
        startTime: date.optional(),
        ...ownScheduleFields,
      })
      .nullish(),
    databases: z.array(databaseWish).nullish(),
  }),
});

export const configuration = z.strictObject({
  ...envelope,
  properties: z.object({
    name: z.string(),
    backupName: z.string(),
    enabled: z.boolean(),
    storageAccountUrl: z.string(),
    backupSchedule: z.object({
      ...schedule,
      startTime: date.optional(),
      lastExecutionTime: date.optional(),
      nextRun: date.optional().describe("Own: when the next run begins."),
    }),
    databases: z.array(database).nullable(),
    type: z.literal("Default"),
    inherited: z.boolean().describe("Own: whether the schedule is the installation's."),
    failuresInARow: z.int().min(0).describe("Own: of planned backups, since the last good one."),
    state: z.enum(["On", "Off", "Failing"]).describe("Own: Failing after three failures in a row."),
  }),
});

const restoreWish = {
  storageAccountUrl: z.string().optional(),
  blobName: z.string().optional(),
  overwrite: z.boolean().default(false),
  siteName: z.string().optional().describe("shop, or shop(staging) for a slot."),
  databases: z.array(databaseWish).nullish(),
  ignoreDatabases: z.boolean().default(false),
  adjustConnectionStrings: z.boolean().nullish(),
  ignoreConflictingHostNames: z.boolean().default(false),
  operationType: z.string().default("Default"),
};

export const restoreRequest = z.object({
  ...ignored,
  properties: z.object({
    ...restoreWish,
    paths: z.array(z.string()).optional().describe("Own: only these paths and what is in them."),
    recoverConfiguration: z.boolean().optional().describe("Own."),
    quick: z.boolean().default(false).describe("Own: equal size and time count as unchanged."),
    allowOutsideLinks: z.boolean().default(false).describe("Own."),
    allowUnknownDumps: z.boolean().default(false).describe("Own: load dumps of an archive nobody here has written."),
    recoveryKey: z.string().optional().describe("Own: opens the configuration of another installation."),
  }),
});

export const discoverRequest = z.object({
  ...ignored,
  properties: z.object({
    storageAccountUrl: z.string().optional(),
    blobName: z.string().optional().describe("Left out (own): everything in the container."),
    overwrite: z.boolean().optional(),
    limit: z.int().min(1).max(1_000).optional().describe("Own."),
  }),
});

/** With members that tell of what was found, which differ with its kind. */
export const discovery = z.object({
  id: z.null(),
  name: z.string(),
  type: z.string(),
  location: z.string(),
  properties: z.object({ ...restoreWish, blobName: z.string().nullable(), databases: z.array(database).nullable() }),
});

export const site = z.strictObject({
  ...envelope,
  kind: z.literal("app"),
  properties: z.strictObject({
    name: z.string(),
    state: z.literal("Running"),
    enabled: z.boolean(),
    hostNames: z.array(z.string()),
    sku: z.string(),
    resourceGroup: z.string(),
    serverFarmId: z.string(),
    inProgressOperationId: z.string().nullable(),
  }),
});
export const sitePage = pageOf(site);

export const settings = z.strictObject({ ...envelope, properties: z.record(z.string(), z.unknown()) });

export const subscription = z.object({
  id: z.string(),
  subscriptionId: z.string(),
  tenantId: z.string(),
  displayName: z.string(),
  state: z.literal("Enabled"),
});
export const subscriptionPage = pageOf(subscription);
export const tenantPage = pageOf(z.strictObject({ id: z.string(), tenantId: z.string(), displayName: z.string() }));
export const provider = z.strictObject({
  id: z.string(),
  namespace: z.literal("Microsoft.Web"),
  registrationState: z.literal("Registered"),
  resourceTypes: z.array(
    z.strictObject({ resourceType: z.string(), locations: z.array(z.string()), apiVersions: z.array(z.string()) }),
  ),
});
export const emptyPage = pageOf(z.never());

const progressMembers = {
  phase: z.string().nullable(),
  percent: z.int().min(0).max(100),
  files: z.int(),
  totalFiles: z.int(),
  bytes,
  totalBytes: bytes,
  secondsLeft: z.int().nullable(),
  updated: date.nullable(),
};
export const progress = z.strictObject({ properties: z.strictObject({ status: z.string(), ...progressMembers }) });

const operationStatus = z.enum(["InProgress", "Succeeded", "Failed"]);
export const operation = z.strictObject({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  properties: z.strictObject({
    kind: z.string(),
    status: operationStatus,
    created: date,
    finished: date.nullable(),
    cancelled: date.nullable(),
    half: z.boolean(),
    log: z.string().nullable(),
    backup: z.int().nullable(),
    blobName: z.string().nullable(),
    verification: z.object({ ok: z.boolean(), quick: z.boolean() }).nullable(),
    progress: z.strictObject(progressMembers).nullable(),
  }),
});

export const verifyRequest = z.object({
  properties: z.object({ quick: z.boolean().default(false) }).optional(),
});

const planned = z.object({ path: z.string(), kind: z.string(), sizeBytes: z.int().nullable() });
export const plannedRestore = z.object({ properties: z.object({}), value: z.array(planned), nextLink: z.null() });
export const plannedBackup = z.object({
  properties: z.object({ files: z.int(), sizeInBytes: bytes }),
  value: z.array(planned),
  nextLink: z.url().nullable(),
});
export const browsedPage = pageOf(z.object({ name: z.string(), path: z.string(), kind: z.string(), url: z.url() }));

export const keyRequest = z.object({
  properties: z.object({
    role: z.enum(["reader", "operator", "admin"]),
    sites: z.array(z.string()).optional().describe("Resource ids it is limited to; left out: all."),
    expires: date.optional(),
  }),
});
export const key = z.strictObject({
  id: z.string(),
  name: z.string(),
  type: z.literal("Lifeboat/keys"),
  properties: z.strictObject({
    role: z.enum(["reader", "operator", "admin"]),
    sites: z.array(z.string()).nullable(),
    created: date,
    createdBy: z.string(),
    expires: date.nullable(),
    lastUsed: date.nullable(),
    secret: z.string().optional().describe("Only when it is made."),
  }),
});
export const keyPage = pageOf(key);

export const tokenForm = z.object({
  grant_type: z.literal("client_credentials"),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  scope: z.string().optional(),
});
export const token = z.object({ access_token: z.string(), token_type: z.literal("Bearer") });
