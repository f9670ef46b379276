import { inspect } from "node:util";
import { AzureNamedKeyCredential, generateAccountSas } from "@azure/data-tables";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { openTableCatalog } from "../../src/adapters/catalog/table.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Catalog, RowChange } from "../../src/ports/catalog.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { describeWith } from "../support/needs.ts";
import { endOf, startCatalogProgram } from "./catalog-child.ts";
import { existing, insert, newPartition, put, remove, replace } from "./catalog-contract.ts";
import { startProxy, type Fate, type Proxy } from "./catalog-table-proxy.ts";

const requests = { retryDelaysMs: [1, 1, 1], timeoutMs: 10_000 };

describeWith("azurite", azuritePresent, "the catalog in Table Storage, when things go wrong", () => {
  let azurite: Azurite;
  let proxy: Proxy;
  let catalog: Catalog;
  let direct: Catalog;
  beforeAll(async () => {
    azurite = await startAzurite({ tables: true });
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startProxy(String(azurite.tableUrl));
    const through = azurite.connectionString.replace(String(azurite.tableUrl), proxy.url);
    catalog = await openTableCatalog({ connection: new Secret(through), table: "faults", requests });
    direct = await openTableCatalog({ connection: new Secret(azurite.connectionString), table: "faults" });
    await catalog.get("p", "made first");
    proxy.requests.splice(0);
  });
  afterEach(() => proxy.stop());

  /** The first `times` requests of the method meet this fate. */
  const first = (method: string, fate: Fate, times = 1): void => {
    let left = times;
    proxy.fate = (asked) => (asked === method && left-- > 0 ? fate : undefined);
  };

  it.each([
    "answer lost",
    "request lost",
    { status: 503, code: "ServerBusy" },
    { status: 500, code: "InternalError" },
  ] as const)("a write survives %j", async (fate) => {
    const partition = newPartition();
    await direct.write(partition, [put("a", { n: 1 }), put("b")]);
    const row = await existing(direct, partition, "a");
    first("POST", fate);
    const changes = [replace(row, { n: 2 }), insert("c"), remove("b")];
    expect(await catalog.write(partition, changes)).toBe(true);
    expect((await direct.list(partition)).map(({ key, value }) => [key, value])).toEqual([
      ["a", { n: 2 }],
      ["c", { key: "c" }],
    ]);
  });

  it.each<[string, readonly RowChange[]]>([
    ["puts", [put("a"), put("b")]],
    ["removals without a version", [remove("a"), remove("b")]],
    ["both", [remove("b"), put("a")]],
  ])("a batch of %s is true after a lost answer", async (_, changes) => {
    const partition = newPartition();
    await direct.write(partition, [put("a", { old: true }), put("b", { old: true })]);
    first("POST", "answer lost", 2);
    expect(await catalog.write(partition, changes)).toBe(true);
  });

  it("a true conflict stays one when an answer was lost, as long as a version proves it", async () => {
    const partition = newPartition();
    await direct.write(partition, [put("a"), put("taken")]);
    const row = await existing(direct, partition, "a");
    first("POST", "request lost");
    expect(await catalog.write(partition, [insert("taken"), replace(row, {})])).toBe(false);
  });

  it("a lost answer is never taken for a conflict when others have changed the rows since", async () => {
    const partition = newPartition();
    await direct.write(partition, [put("a", { n: 1 })]);
    const row = await existing(direct, partition, "a");
    first("POST", "answer lost");
    proxy.carriedOut = async () => void (await direct.write(partition, [put("a", { n: 3 })]));
    await expect(catalog.write(partition, [replace(row, { n: 2 })])).rejects.toMatchObject({
      kind: "Unavailable",
      message: expect.stringContaining("whether it was done cannot be told"),
    });
  });

  it("a batch that others changed in part since is recognised by the rest", async () => {
    const partition = newPartition();
    first("POST", "answer lost");
    proxy.carriedOut = async () => void (await direct.write(partition, [put("a", { n: 3 })]));
    expect(await catalog.write(partition, [insert("a"), insert("b")])).toBe(true);
    expect((await existing(direct, partition, "a")).value).toEqual({ n: 3 });
  });

  it("reads are asked again, page by page", async () => {
    const partition = newPartition();
    await direct.write(
      partition,
      Array.from({ length: 100 }, (_, n) => put(`row ${n}`)),
    );
    first("GET", "request lost", 2);
    expect(await catalog.list(partition)).toHaveLength(100);
    first("GET", "answer lost", 2);
    expect(await catalog.get(partition, "row 1")).toBeDefined();
  });

  it("retries end, with an error that names the table and what happened", async () => {
    proxy.fate = () => "request lost";
    await expect(catalog.get("p", "a")).rejects.toMatchObject({
      kind: "Unavailable",
      message: `Table faults at ${new URL(proxy.url).host} does not answer (ECONNRESET), asked 4 times.`,
    });
    expect(proxy.requests).toHaveLength(4);
  });

  it("silence ends", async () => {
    proxy.fate = () => "silence";
    const impatient = await openTableCatalog({
      connection: new Secret(azurite.connectionString.replace(String(azurite.tableUrl), proxy.url)),
      table: "faults",
      requests: { retryDelaysMs: [1], timeoutMs: 50 },
    });
    await expect(impatient.write("p", [put("a")])).rejects.toMatchObject({
      kind: "Unavailable",
      message: expect.stringContaining("no answer in time"),
    });
  });

  it.each([401, 403])("a %d is told at once, and holds no key", async (status) => {
    proxy.fate = () => ({ status, code: "AuthorizationFailure" });
    const error: unknown = await catalog.write("p", [put("a")]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: "AccessDenied", message: expect.stringContaining("AuthorizationFailure") });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(azurite.key);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("SharedKey");
    expect(proxy.requests).toHaveLength(1);
  });

  it("a table that may be used but not made is used", async () => {
    const partition = newPartition();
    const careful = await openTableCatalog({
      connection: new Secret(azurite.connectionString.replace(String(azurite.tableUrl), proxy.url)),
      table: "faults",
      requests,
    });
    proxy.fate = (method, path) =>
      method === "POST" && path.includes("/Tables")
        ? { status: 403, code: "AuthorizationPermissionMismatch" }
        : undefined;
    expect(await careful.write(partition, [put("a")])).toBe(true);
  });

  it("a SAS is enough, and its signature shows in no error", async () => {
    const sas = generateAccountSas(new AzureNamedKeyCredential(azurite.account, azurite.key), {
      services: { table: true },
      resourceTypes: "sco",
      permissions: { query: true, write: true, delete: true, list: true, add: true, update: true },
      expiresOn: new Date(Date.now() + 3_600_000),
    });
    const connection = new Secret(`TableEndpoint=${proxy.url};SharedAccessSignature=${sas}`);
    const withSas = await openTableCatalog({ connection, table: "faults", requests });
    const partition = newPartition();
    await withSas.write(partition, [put("a"), put("b")]);
    const row = await existing(withSas, partition, "a");
    expect(await withSas.write(partition, [remove("b", row.version)])).toBe(false);
    expect(await withSas.write(partition, [remove("a", row.version), put("c")])).toBe(true);
    expect((await withSas.list(partition, { from: "b" })).map(({ key }) => key)).toEqual(["b", "c"]);
    proxy.fate = () => "request lost";
    const error: unknown = await withSas.get(partition, "a").catch((reason: unknown) => reason);
    const signature = String(new URLSearchParams(sas).get("sig"));
    expect(inspect(error, { depth: 10, showHidden: true })).toContain("Unavailable");
    for (const text of [signature, encodeURIComponent(signature)])
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(text);
  });

  it("two processes count in one row without losing a step", async () => {
    const counters = [];
    for (const name of ["one", "two"])
      counters.push(await startCatalogProgram("table", azurite.connectionString, "together", name, "40"));
    const ends = await Promise.all(counters.map(endOf));
    expect(ends).toEqual(ends.map(() => ({ code: 0, said: "", complained: "" })));
    const shared = await openTableCatalog({ connection: new Secret(azurite.connectionString), table: "together" });
    expect((await existing(shared, "together", "count")).value).toEqual({ n: 80 });
    const steps = await shared.list("together", { prefix: "step " });
    expect(steps.filter(({ value }) => value["name"] === "one")).toHaveLength(40);
    expect(steps.filter(({ value }) => value["name"] === "two")).toHaveLength(40);
  });
});
