import { describe, expect, it } from "vitest";
import { reachableTool } from "../../../src/adapters/databases/reachable-tool.ts";
import { parseConnectionString } from "../../../src/domain/connections/connection-string.ts";
import { Secret } from "../../../src/domain/secret.ts";
import type { DatabaseTool } from "../../../src/ports/database-tool.ts";

/** What reached the tool behind. */
const behind = () => {
  const called: string[] = [];
  const note = async (name: string): Promise<never> => void called.push(name) as never;
  const tool: DatabaseTool = {
    engine: "PostgreSql",
    check: () => note("check"),
    async *dump() {
      called.push("dump");
      yield Buffer.from("dump");
    },
    load: () => note("load"),
    switchIn: () => note("switchIn"),
    switchBack: () => note("switchBack"),
    drop: () => note("drop"),
    listOwn: () => note("listOwn"),
  };
  return { tool, called };
};

const signal = new AbortController().signal;
const connection = (text: string) => parseConnectionString(new Secret(text), "PostgreSql");

/** Everything that a tool does, on a connection; how each ended. */
const everything = async (text: string, resolve = async (): Promise<readonly string[]> => []) => {
  const { tool, called } = behind();
  const reachable = reachableTool(tool, resolve);
  const to = connection(text);
  const exchanged = { scratch: "lifeboat_s_a_b", kept: "lifeboat_k_a", replaces: true };
  const dump = async (): Promise<void> => {
    for await (const _ of reachable.dump(to, { scratch: "lifeboat_s_a_b", signal })) continue;
  };
  const ends = await Promise.allSettled([
    reachable.check(to, "dump", signal),
    dump(),
    reachable.load(to, { scratch: "lifeboat_s_a_b", dump: (async function* () {})(), signal }),
    reachable.switchIn(to, exchanged),
    reachable.switchBack(to, exchanged),
    reachable.drop(to, "lifeboat_s_a_b"),
    reachable.listOwn(to),
  ]);
  const reasons = ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason)] : []));
  return { called: called.toSorted(), reasons };
};

const all = ["check", "drop", "dump", "listOwn", "load", "switchBack", "switchIn"];

describe("a database tool", () => {
  it.each([
    "Host=127.0.0.1;Database=shop;Username=u;Password=p",
    "Host=10.1.2.3;Database=shop;Username=u;Password=p",
    "Host=/run/postgresql;Database=shop;Username=u",
    "Host=db.example.org;Database=shop;Username=u;Password=p",
    "Host=shop.postgres.database.azure.com;Database=shop;Username=u",
  ])("serves %s", async (text) => {
    expect(await everything(text)).toEqual({ called: all, reasons: [] });
  });

  it.each([
    ["Host=169.254.169.254;Port=80;Database=shop;Username=u;Password=p", []],
    ["Host=fe80::1;Database=shop;Username=u;Password=p", []],
    ["Host=::ffff:169.254.169.254;Database=shop;Username=u;Password=p", []],
    ["Host=0.0.0.0;Database=shop;Username=u;Password=p", []],
    ["Host=db.example.org;Database=shop;Username=u;Password=p", ["10.0.0.1", "169.254.169.254"]],
    ["Host=db.example.org,169.254.169.254;Database=shop;Username=u;Password=p", ["10.0.0.1"]],
  ])("does not start for %s", async (text, addresses) => {
    const { called, reasons } = await everything(text, async () => addresses);
    expect(called).toEqual([]);
    expect(reasons).toHaveLength(all.length);
    for (const reason of reasons) expect(reason).toMatch(/is not asked: its address is a link-local or reserved one/);
  });

  it.each([
    "Host=evil.example.org;Database=shop;Username=u;Authentication=Active Directory Managed Identity",
    "Host=shop.postgres.database.azure.com,evil.example.org;Database=shop;Username=u",
    "Host=shop.postgres.database.azure.com.evil.example.org;Database=shop;Username=u;Authentication=Active Directory Default",
  ])("shows Lifeboat's token to nobody else: %s", async (text) => {
    expect(connection(text).signIn).toBe("token");
    const { called, reasons } = await everything(text);
    expect(called).toEqual([]);
    for (const reason of reasons) expect(reason).toMatch(/shows its token to Azure's database servers alone/);
  });
});
