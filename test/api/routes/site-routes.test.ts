import { beforeEach, describe, expect, it } from "vitest";
import { siteRoutes } from "../../../src/api/routes/site-routes.ts";
import { siteKey } from "../../../src/domain/site.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

let given: ReturnType<typeof memoryInstallation>;
let ask: ReturnType<typeof apiOver>;
beforeEach(() => {
  given = memoryInstallation();
  const slot = { ...shop, slot: "stg" };
  given.sites.set(siteKey(slot), { id: slot, location: "West Europe", tier: "Premium" });
  ask = apiOver(siteRoutes(given.deps), given.call);
});

describe("a site", () => {
  it("is told as ARM tells it, with the plan that PowerShell needs", async () => {
    expect((await ask("GET", shopPath, { as: "reader" })).json()).toEqual({
      id: shopPath,
      name: "shop",
      type: "Microsoft.Web/sites",
      location: "Local",
      kind: "app",
      properties: {
        name: "shop",
        state: "Running",
        enabled: true,
        hostNames: [],
        sku: "Standard",
        resourceGroup: "g",
        serverFarmId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/local",
        inProgressOperationId: null,
      },
    });
  });

  it("is told as a slot in ARM's two ways of writing its name", async () => {
    expect((await ask("GET", `${shopPath}/slots/STG/`)).json()).toMatchObject({
      id: `${shopPath}/slots/stg`,
      name: "shop/stg",
      type: "Microsoft.Web/sites/slots",
      properties: { name: "shop(stg)", sku: "Premium" },
    });
  });

  it("says which run has it", async () => {
    const { backup } = await createBackup(given.deps)(given.call, shop, {});
    expect((await ask("GET", shopPath)).json()["properties"]).toMatchObject({ inProgressOperationId: backup.run });
  });

  it("is listed with the apps of its subscription, without slots, and not with those of another", async () => {
    const list = (subscription: string) => ask("GET", `/subscriptions/${subscription}/providers/Microsoft.Web/sites`);
    expect((await list("S")).json()).toMatchObject({ value: [{ name: "shop" }], nextLink: null });
    expect((await list("other")).json()["value"]).toEqual([]);
  });

  it("that is not there is ARM's own 404", async () => {
    const answer = await ask("GET", shopPath.replace("shop", "nope"));
    expect({ status: answer.status, code: answer.json()["Code"] }).toEqual({ status: 404, code: "ResourceNotFound" });
  });
});
