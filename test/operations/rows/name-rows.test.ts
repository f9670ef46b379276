import { expect, it } from "vitest";
import { reserveName } from "../../../src/operations/rows/name-rows.ts";
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
