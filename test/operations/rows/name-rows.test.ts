import { expect, it } from "vitest";
import { reserveName } from "../../../src/operations/rows/name-rows.ts";
import { parseContainerUrl } from "../../../src/domain/container-url.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

it("a name that no backup has, reserved by a clock that was ahead, is free once that is right again", async () => {
  const { catalog } = memoryInstallation().deps;
  const name = { container: "file:///backups/shop", blobBase: "nightly" };
  const ahead = new Date("2026-11-22T08:00:00Z");
  expect(await reserveName(catalog, name, { site: shop, since: ahead.toISOString(), now: ahead })).toBe(true);
  const now = new Date("2026-11-21T12:00:00Z");
  const next = { site: shop, since: now.toISOString(), now };
  expect(await reserveName(catalog, name, next)).toBe(true);
  expect(await reserveName(catalog, name, next)).toBe(false);
});

it.each([
  "file:///srv/Backups/my shop-ä/",
  "file:/srv/Backups/my%20shop-%C3%A4",
  "FILE://localhost/srv/x/../Backups/my%20shop-%c3%a4//",
  "file:///srv/%2e%2E/srv/./Backups/my%20shop-ä",
])("a name in a folder is taken however the folder's URL is written: %s", async (url) => {
  const { catalog } = memoryInstallation().deps;
  const nightlyIn = (text: string) => ({ ...parseContainerUrl(new Secret(text), "url"), blobBase: "nightly" });
  const now = new Date("2026-11-21T12:00:00Z");
  const holder = { site: shop, since: now.toISOString(), now };
  expect(await reserveName(catalog, nightlyIn("file:///srv/Backups/my%20shop-%C3%A4"), holder)).toBe(true);
  expect(await reserveName(catalog, nightlyIn(url), holder)).toBe(false);
});
