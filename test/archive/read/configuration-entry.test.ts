import { describe, expect, it } from "vitest";
import { createRecoveryKey } from "../../../src/adapters/secrets/recovery-key.ts";
import { openWith, sealTo } from "../../../src/adapters/secrets/recovery-box.ts";
import {
  decodeConfiguration,
  encodeConfiguration,
  openConfiguration,
} from "../../../src/archive/read/configuration-entry.ts";
import { Secret } from "../../../src/domain/secret.ts";
import type { Recovery } from "../../../src/ports/secrets.ts";
import type { SiteConfiguration } from "../../../src/ports/site-host.ts";

const key = createRecoveryKey();
const recovery: Recovery = {
  keyId: key.public.id,
  seal: async (bytes, context) => sealTo(key.public, bytes, context),
  open: async (sealed, context) => openWith(key, sealed, context),
};
const site = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop";
const configuration: SiteConfiguration = {
  appSettings: { THEME: new Secret("dark"), __proto__x: new Secret("odd"), "": new Secret("") },
  connectionStrings: { orders: { value: new Secret("Server=db;Password=p"), type: "SQLAzure" } },
};
const plain = (found: SiteConfiguration | undefined) => ({
  appSettings: Object.entries(found?.appSettings ?? {}).map(([name, value]) => [name, value.reveal()]),
  connectionStrings: Object.entries(found?.connectionStrings ?? {}).map(([name, { value, type }]) => [
    name,
    value.reveal(),
    type,
  ]),
});

describe("a configuration in an archive", () => {
  it("comes back whole with the recovery key", async () => {
    const entry = decodeConfiguration(await encodeConfiguration(site, configuration, recovery));
    expect(entry).toMatchObject({ site, values: { recoveryKey: key.public.id } });
    expect(plain(await openConfiguration(entry, recovery))).toEqual(plain(configuration));
  });

  it("shows the names and no value", async () => {
    const text = Buffer.from(await encodeConfiguration(site, configuration, recovery)).toString();
    expect(text).toContain('"THEME"');
    expect(text).toContain('"orders"');
    expect(text).not.toMatch(/dark|Password|SQLAzure/);
  });

  it("has only names where there is no recovery key", async () => {
    const entry = decodeConfiguration(
      await encodeConfiguration(site, configuration, { ...recovery, keyId: undefined }),
    );
    expect(entry).toEqual({ site, appSettings: ["", "THEME", "__proto__x"], connectionStrings: ["orders"] });
    expect(await openConfiguration(entry, recovery)).toBeUndefined();
  });

  it("does not open for another site, nor when it was altered", async () => {
    const entry = decodeConfiguration(await encodeConfiguration(site, configuration, recovery));
    const moved = openConfiguration({ ...entry, site: `${site}2` }, recovery);
    await expect(moved).rejects.toMatchObject({ reason: "Altered" });
    const sealed = Buffer.from(entry.values?.sealed ?? []);
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    const altered = openConfiguration({ ...entry, values: { recoveryKey: "", sealed } }, recovery);
    await expect(altered).rejects.toMatchObject({ reason: "Altered" });
  });

  it.each([
    "",
    "[]x",
    "null",
    "{}",
    '{"version":2}',
    '{"version":1,"site":3}',
    '{"version":1,"site":"s","appSettings":[1],"connectionStrings":[]}',
    '{"version":1,"site":"s","appSettings":[],"connectionStrings":[],"sealed":7}',
  ])("refuses %j", (text) => {
    expect(() => decodeConfiguration(Buffer.from(text))).toThrow(expect.objectContaining({ name: "ArchiveInvalid" }));
  });
});
