import { expect, it } from "vitest";
import { openTableCatalog } from "../../../src/adapters/catalog/table.ts";
import { Secret } from "../../../src/domain/secret.ts";

const key = Buffer.from("a key that must not show").toString("base64");

it.each([
  "nonsense",
  "",
  `AccountName=a;AccountKey=${key}`,
  `TableEndpoint=not a url;SharedAccessSignature=sig=${key}`,
])("a connection string that cannot be read is refused without showing it (%#)", async (text) => {
  const error: unknown = await openTableCatalog({ connection: new Secret(text), table: "catalog" }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({
    kind: "Invalid",
    message: expect.stringContaining("connection string cannot be read"),
  });
  expect(String(error)).not.toContain(key);
});

it("plain http is for loopback alone", async () => {
  const text = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${key};TableEndpoint=http://tables.example/a;`;
  await expect(openTableCatalog({ connection: new Secret(text), table: "catalog" })).rejects.toThrow(
    "The catalog's table at tables.example must be reached by https.",
  );
});

it("an endpoint is reached with the identity given, whose failure is told as such", async () => {
  class CredentialUnavailableError extends Error {
    override name = "CredentialUnavailableError";
  }
  const credential = {
    getToken: async () => {
      throw new CredentialUnavailableError("no identity here");
    },
  };
  const endpoint = "https://account.table.core.windows.net";
  const catalog = await openTableCatalog({ connection: { endpoint, credential }, table: "catalog" });
  await expect(catalog.get("p", "a")).rejects.toMatchObject({
    kind: "AccessDenied",
    message: expect.stringContaining("Table catalog at account.table.core.windows.net refuses access"),
  });
});
