import { beforeEach, describe, expect, it } from "vitest";
import { routes } from "../../src/api/routes.ts";
import type { Installation } from "../../src/operations/installation.ts";
import type { Log } from "../../src/ports/log.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { SiteHost, SiteSettings } from "../../src/ports/site-host.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { memoryInstallation } from "../support/installation.ts";

const storageAccountUrl = "https://acct.blob.core.windows.net/backups?se=2027-01-01&sp=rwdl&sr=c&sig=planted";
const everything = {
  properties: {
    storageAccountUrl,
    blobName: "nightly.zip",
    backupName: "nightly",
    overwrite: true,
    recoveryKey: "planted-key",
    backupSchedule: { frequencyInterval: 1, frequencyUnit: "Day" },
  },
};

let given: ReturnType<typeof memoryInstallation>;
let deps: Installation;
let ask: ReturnType<typeof apiOver>;
let logged: string[];

beforeEach(async () => {
  given = memoryInstallation();
  logged = [];
  const line = (event: string, fields?: object): void => void logged.push(`${event} ${JSON.stringify(fields)}`);
  const log: Log = { info: line, warn: line, error: line };
  // Safe: nothing else is asked of a host before a run begins.
  const host = { content: async () => "present", settings } as Partial<SiteHost> as SiteHost;
  deps = { ...given.deps, hosts: { host: async () => host } };
  ask = apiOver(routes(deps), { runner: given.call.runner, log });
  await ask("PUT", `${shopPath}/config/backup`, { body: everything });
  await ask("POST", `${shopPath}/backup`, { body: everything });
  logged.length = 0;
});

const settings: SiteSettings = {
  read: async () => ({
    appSettings: { COLOUR: new Secret("planted-setting") },
    connectionStrings: { main: { value: new Secret("Server=planted"), type: "SQLAzure" } },
  }),
  write: () => Promise.reject(new Error("unexpected")),
};

/** Every operation, of the site whose SAS is planted. */
const calls = routes(memoryInstallation().deps).map(({ name, method, path }) => ({
  name,
  method,
  path: path
    .replace("{site}", shopPath)
    .replace("{subscription}", "s")
    .replace("{backupId}", "1")
    .replace("{operationId}", "o1"),
}));

describe("what is secret", () => {
  it.each(calls)("$name tells nobody below admin, and no log", async ({ method, path }) => {
    for (const as of ["reader", "operator"] as const) {
      const answer = await ask(method, path, { as, ...(method === "GET" ? {} : { body: everything }) });
      expect(answer.text + JSON.stringify(answer.headers)).not.toContain("planted");
    }
    expect(logged.join("\n")).not.toContain("planted");
    expect(JSON.stringify(given.started)).not.toContain("planted");
  });

  it.each(calls.filter(({ method }) => method === "GET"))("$name tells not even admins by GET", async ({ path }) => {
    const answer = await ask("GET", path);
    expect(answer.text + JSON.stringify(answer.headers)).not.toContain("planted");
  });

  it("is told to admins where ARM's clients look for it", async () => {
    const paths = ["backups/1/list", "config/backup/list", "config/appsettings/list", "config/connectionstrings/list"];
    for (const path of paths)
      expect((await ask("POST", `${shopPath}/${path}`, { body: {} })).text).toContain("planted");
  });

  it("stays as it is when somebody sends back the blank he was shown", async () => {
    const shown = (await ask("POST", `${shopPath}/config/backup/list`, { as: "operator" })).json();
    expect(shown["properties"]?.["storageAccountUrl"]).toBe("");
    await ask("PUT", `${shopPath}/config/backup`, { as: "operator", body: shown });
    expect((await ask("POST", `${shopPath}/config/backup/list`)).text).toContain("planted");
  });
});
