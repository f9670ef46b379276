import { expect, it } from "vitest";
import { Secret } from "../../../src/domain/secret.ts";
import { databasesToBackUp } from "../../../src/operations/databases/backup-databases.ts";
import { siteDatabases } from "../../../src/operations/databases/site-databases.ts";
import { localSiteHost } from "../../../src/adapters/site-files/local-site-host.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

const inApp = "Database=localdb;Data Source=127.0.0.1:52353;User Id=azure;Password=planted";

const withStrings = (strings: Readonly<Record<string, readonly [type: string, value: string]>>) => {
  const given = memoryInstallation();
  const connectionStrings = Object.fromEntries(
    Object.entries(strings).map(([name, [type, value]]) => [name, { type, value: new Secret(value) }]),
  );
  const settings = { read: async () => ({ appSettings: {}, connectionStrings }), write: async () => undefined };
  const hosts = { host: async () => localSiteHost({ roots: [], settings }) };
  return { ...given, deps: { ...given.deps, hosts } };
};

const names = async (
  strings: Parameters<typeof withStrings>[0],
  request: Parameters<typeof databasesToBackUp>[2] = {},
): Promise<readonly string[]> =>
  (await databasesToBackUp(withStrings(strings).deps, shop, request)).wishes.map(({ type, name }) => `${type} ${name}`);

it("MySQL in-app is in every backup of its site, whatever is asked for", async () => {
  const strings = { localdb: ["MySql", inApp], other: ["MySql", "Server=db.test;Database=d"] } as const;
  expect(await names(strings)).toEqual(["LocalMySql localdb"]);
  const databases = [{ type: "MySql", name: "other" } as const];
  expect(await names(strings, { databases })).toEqual(["MySql other", "LocalMySql localdb"]);
  expect(await names({ Any: ["LocalMySql", inApp] })).toEqual(["LocalMySql Any"]);
});

it("one that was named is not dumped twice, and no other database is dumped unasked", async () => {
  const databases = [{ type: "LocalMySql", name: "shop", connectionStringName: "LocalDB" } as const];
  expect(await names({ localdb: ["MySql", inApp] }, { databases })).toEqual(["LocalMySql shop"]);
  expect(await names({ Main: ["MySql", inApp], localdb: ["Custom", "redis.test"] })).toEqual([]);
});

it("is offered as what it is", async () => {
  const { deps, call } = withStrings({ localdb: ["MySql", inApp], odd: ["MySql", "Server=h;Port=planted"] });
  const [first, second] = await siteDatabases(deps)(call, shop, false);
  expect(first).toEqual({ connectionStringName: "localdb", type: "LocalMySql", target: "localdb on 127.0.0.1:52353" });
  expect(second?.problem).toMatch(/Port:/);
  expect(JSON.stringify([first, second])).not.toContain("planted");
});
