import { beforeEach, describe, expect, it } from "vitest";
import { routes } from "../../src/api/routes.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { memoryInstallation } from "../support/installation.ts";
import { hostWithoutSettings } from "../support/no-settings.ts";

const storageAccountUrl = "https://acct.blob.core.windows.net/backups?se=2027-01-01&sp=rwdl&sr=c&sig=planted";
const connectionString = "Host=db;Database=orders;Username=u;Password=planted-word";
const orders = { databaseType: "postgresql", name: "orders", connectionString };
const hidden = { databaseType: "PostgreSql", name: "orders", connectionStringName: null, connectionString: null };

let given: ReturnType<typeof memoryInstallation>;
let ask: ReturnType<typeof apiOver>;
beforeEach(() => {
  given = memoryInstallation();
  const host = hostWithoutSettings({ content: async () => "present" });
  ask = apiOver(routes({ ...given.deps, hosts: { host: async () => host } }), given.call);
});

const put = (databases: unknown, as: "admin" | "operator" = "admin") =>
  ask("PUT", `${shopPath}/config/backup`, { as, body: { properties: { storageAccountUrl, databases } } });
const listed = async (as: "admin" | "operator" | "reader") => {
  const answer = await ask("POST", `${shopPath}/config/backup/list`, { as });
  // Safe in a test: a wrong guess fails the expectation.
  return (answer.json()["properties"] as { readonly databases: unknown } | undefined)?.databases;
};

describe("databases in requests", () => {
  it("are told back by name, in ARM's words, and their connection strings only to an admin who asks for secrets", async () => {
    const posted = await ask("POST", `${shopPath}/backup`, {
      body: { properties: { storageAccountUrl, databases: [orders] } },
    });
    expect(posted.json()["properties"]).toMatchObject({ databases: [hidden] });
    await put([orders]);
    expect(await listed("admin")).toEqual([{ ...hidden, connectionString }]);
    expect(await listed("operator")).toEqual([hidden]);
    const seen = [posted, await ask("GET", `${shopPath}/backups`), await ask("GET", `${shopPath}/backups/1`)];
    for (const { text } of [...seen, await ask("GET", `${shopPath}/config/backup`)]) {
      expect(text).toContain('"name":"orders"');
      expect(text).not.toContain("planted-word");
    }
  });

  it("keep their stored connection string when they come back without one, and lose it with their name", async () => {
    await put([orders]);
    await put([hidden], "operator");
    expect(await listed("admin")).toEqual([{ ...hidden, connectionString }]);
    await put([{ ...hidden, connectionStringName: "Other" }]);
    expect(await listed("admin")).toEqual([{ ...hidden, connectionStringName: "Other" }]);
    await put([]);
    expect(await listed("admin")).toBeNull();
  });

  it.each([
    [{ databaseType: "Oracle", name: "x" }, "properties.databases[0].databaseType"],
    [{ databaseType: "MySql" }, "properties.databases[0].name"],
    ["text", "properties.databases[0]"],
    [{ ...orders, connectionString: "Host=;Password=planted-word" }, "properties.databases[0].connectionString"],
  ])("are refused with the field that is wrong, never its value: %j", async (database, field) => {
    for (const answer of [
      await put([database]),
      await ask("POST", `${shopPath}/backup`, { body: { properties: { storageAccountUrl, databases: [database] } } }),
    ]) {
      expect(answer.status).toBe(400);
      expect(answer.text).toContain(field);
      expect(answer.text).not.toContain("planted-word");
    }
  });

  it("are refused twice under one name", async () => {
    const answer = await put([orders, { ...orders, name: "ORDERS" }]);
    expect(answer.text).toContain("is in the list twice");
  });

  it("are needed for a restore of databases only", async () => {
    const body = { properties: { storageAccountUrl, blobName: "nightly", overwrite: true, databasesOnly: true } };
    const answer = await ask("POST", `${shopPath}/backups/1/restore`, { body });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("databasesOnly needs databases")]);
  });
});
