import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { accessTokens } from "../../src/api/callers/access-tokens.ts";
import { described } from "../../src/api/open-api/operations.ts";
import { withOpenApi } from "../../src/api/open-api/with-open-api.ts";
import { openRoutes, routes } from "../../src/api/routes.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Installation } from "../../src/operations/installation.ts";
import { readBackup, replaceBackup } from "../../src/operations/rows/backup-rows.ts";
import { changeSite } from "../../src/operations/rows/site-row.ts";
import type { SiteHost } from "../../src/ports/site-host.ts";
import { apiOver, callersOf, shopPath } from "../support/api.ts";
import { memoryInstallation, shop } from "../support/installation.ts";

let deps: Installation;
let ask: ReturnType<typeof apiOver>;
beforeEach(() => {
  const given = memoryInstallation();
  // Safe: nothing else is asked of a host here.
  const host = {
    content: async () => "present",
    settings: {
      read: async () => ({ appSettings: { COLOUR: new Secret("red") }, connectionStrings: {} }),
      write: () => Promise.reject(new Error("unexpected")),
    },
  } as Partial<SiteHost> as SiteHost;
  deps = { ...given.deps, hosts: { host: async () => host } };
  const open = openRoutes({ callers: callersOf([]), tokens: accessTokens(deps) });
  const tables = withOpenApi({ routes: routes(deps), openRoutes: open, version: "1.2.3" });
  ask = apiOver(tables.routes, given.call, tables.openRoutes);
});

/** The parts of OpenAPI that are looked at here. */
const operation = z.strictObject({
  operationId: z.string(),
  summary: z.string().min(1),
  description: z.string().optional(),
  security: z.tuple([]).optional(),
  parameters: z.array(
    z.strictObject({
      name: z.string(),
      in: z.enum(["path", "query"]),
      required: z.boolean(),
      schema: z.looseObject({}),
    }),
  ),
  requestBody: z.strictObject({ content: z.record(z.string(), z.object({ schema: z.looseObject({}) })) }).optional(),
  responses: z.record(z.string().regex(/^\d{3}$|^default$/), z.looseObject({ description: z.string() })),
});
const document = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d$/),
  info: z.object({ title: z.string(), version: z.literal("1.2.3") }),
  servers: z.tuple([z.strictObject({ url: z.literal("/") })]),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  paths: z.record(z.string().startsWith("/"), z.partialRecord(z.enum(["get", "put", "post", "delete"]), operation)),
  components: z.strictObject({
    schemas: z.record(z.string(), z.looseObject({})),
    securitySchemes: z.record(z.string(), z.object({ type: z.enum(["http", "apiKey"]) })),
  }),
});
const described31 = async () => document.parse((await ask("GET", "/openapi.json")).json());

describe("the OpenAPI description", () => {
  it("holds every route of the tables, those of a site for slots as well, and each by a name of its own", async () => {
    const { paths } = await described31();
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    const rows = [
      ...readFileSync("docs/api.md", "utf8").matchAll(/^\| (\w+) +\| (?:GET|POST|PUT|DELETE) +\| `([^`]+)`/gm),
    ];
    const expected = rows.flatMap(([, name = "", path = ""]) =>
      path.startsWith("{site}") ? [name, `${name}Slot`] : [name],
    );
    expect(names.toSorted()).toEqual(expected.toSorted());
  });

  it("says of each what docs/api.md says", () => {
    const rows = readFileSync("docs/api.md", "utf8").matchAll(
      /^\| (\w+) +\| (?:GET|POST|PUT|DELETE) +\| `[^`]+` +\| \w+ +\| (.*?) +\|$/gm,
    );
    const told = [...rows].map(([, name = "", text = ""]) => [
      name,
      text
        .replace("**own**: ", "")
        .replaceAll("`", "")
        .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1"),
    ]);
    const said = Object.entries(described).map(([name, { summary }]) => [name, summary]);
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(told));
  });

  it("declares every parameter of a path, and points nowhere but to what it holds", async () => {
    const { paths, components, security } = await described31();
    for (const [path, methods] of Object.entries(paths))
      for (const one of Object.values(methods)) {
        const declared = one.parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
        expect({ path, declared }).toEqual({
          path,
          declared: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
        });
      }
    const all = JSON.stringify({ paths, components });
    const pointers = [...all.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name = ""]) => name);
    expect(all.match(/"\$ref"/g)?.length).toBe(pointers.length);
    expect([...new Set(pointers)].toSorted()).toEqual(Object.keys(components.schemas).toSorted());
    expect(all).not.toMatch(/9007199254740991|"pattern"|additionalProperties/);
    expect(Object.keys(components.securitySchemes).toSorted()).toEqual(security.flatMap(Object.keys).toSorted());
  });
});

describe("answers", () => {
  const storageAccountUrl = "https://acct.blob.core.windows.net/backups?se=2027-01-01&sp=rwdl&sr=c&sig=x";
  const configuration = {
    enabled: true,
    storageAccountUrl,
    backupSchedule: { frequencyInterval: 1, frequencyUnit: "Day", startTime: "2040-01-01T00:00:00Z" },
  };
  const succeed = async (): Promise<void> => {
    const row = await readBackup(deps.catalog, shop, 1);
    if (row === undefined) throw new Error("no row");
    const finished = { status: "Succeeded", finished: "2026-11-21T12:01:00.000Z", siteBytes: 7 } as const;
    const ended = replaceBackup({ ...row.backup, ...finished }, row.version);
    await changeSite(deps.catalog, shop, ({ run: _run, ...free }) => ({ row: free, also: [ended], result: undefined }));
  };

  it.each([
    ["listSubscriptions", "GET", "/subscriptions"],
    ["getSubscription", "GET", "/subscriptions/s"],
    ["listTenants", "GET", "/tenants"],
    ["getProvider", "GET", "/subscriptions/s/providers/Microsoft.Web"],
    ["listDeletedSites", "GET", "/subscriptions/s/providers/Microsoft.Web/deletedSites"],
    ["listSites", "GET", "/subscriptions/s/providers/Microsoft.Web/sites"],
    ["getSite", "GET", shopPath],
    ["listApplicationSettings", "POST", `${shopPath}/config/appsettings/list`],
    ["createBackup", "POST", `${shopPath}/backup`, { storageAccountUrl }],
    ["listBackups", "GET", `${shopPath}/backups`],
    ["listBackups", "GET", `${shopPath}/backups?api-version=2015-08-01`],
    ["getBackup", "GET", `${shopPath}/backups/1`],
    ["listBackupSecrets", "POST", `${shopPath}/backups/1/list`, { storageAccountUrl }],
    ["deleteBackup", "DELETE", `${shopPath}/backups/1`],
    ["getProgress", "GET", `${shopPath}/backups/1/progress`],
    ["putBackupConfiguration", "PUT", `${shopPath}/config/backup`, configuration],
    ["getBackupConfiguration", "GET", `${shopPath}/config/backup`],
    ["createKey", "PUT", "/providers/Lifeboat/keys/robot", { role: "reader", sites: [shopPath] }],
    ["listKeys", "GET", "/providers/Lifeboat/keys"],
  ])("of %s are as described (%s %s)", async (name, method, path, properties?: object) => {
    await ask("PUT", `${shopPath}/config/backup`, { body: { properties: configuration } });
    await ask("POST", `${shopPath}/backup`, { body: { properties: { storageAccountUrl, expires: "2027-01-01" } } });
    await succeed();
    const { request, reply, created } = described[name] ?? {};
    const body = properties === undefined ? undefined : { properties };
    // What is described as a request is one.
    if (body !== undefined) request?.parse(body);
    const answer = await ask(method, path, body === undefined ? {} : { body });
    expect(answer.status).toBe(created === true ? 201 : 200);
    expect(() => reply?.parse(answer.json())).not.toThrow();
    expect(reply).toBeDefined();
  });

  it("that refuse are as described", async () => {
    const answer = await ask("GET", `${shopPath}/backups/9`);
    const { error } = await import("../../src/api/open-api/models.ts");
    expect(() => error.parse(answer.json())).not.toThrow();
  });
});
