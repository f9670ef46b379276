import { pathFromBytes, pathFromText } from "../../src/domain/byte-path.ts";
import type { Manifest } from "../../src/domain/manifest.ts";

/** A manifest with something in every place. */
export const fullManifest: Manifest = {
  version: "0.1.0",
  site: { subscription: "sub-1", resourceGroup: "shops & more", name: "shop", slot: "staging" },
  backup: {
    id: 17,
    name: 'night "ly" <1>',
    run: "backup-shop-17",
    scheduled: true,
    started: "2026-11-21T02:00:00.000Z",
    finished: "2026-11-21T02:04:11.250Z",
  },
  archive: { name: "shops/nightly_20261121.zip", sizeBytes: 123_456_789, commitId: `${"0a".repeat(32)}-2345` },
  contents: {
    files: 35_000,
    folders: 812,
    links: 3,
    contentBytes: 375_000_000,
    storedBytes: 120_000_000,
    changedWhileRead: 1,
  },
  filter: [
    { number: 2, text: "/site/wwwroot/tmp" },
    { number: 5, text: "100 % \u0001 & 'more' \t" },
  ],
  leftOut: {
    count: 20,
    listed: [
      { path: pathFromText("site/wwwroot/Übergröße 🛟"), reason: "EACCES: permission denied" },
      { path: pathFromBytes(Buffer.from("site/\xe9\xff\n%41", "latin1")), reason: "It is a socket." },
    ],
  },
  databases: [
    {
      entry: pathFromText("shopdb"),
      type: "MySql",
      name: "shop-db",
      connectionStringName: "MainDb",
      tool: "mysqldump",
      toolVersion: "10.19 Distrib 10.11.6-MariaDB",
      sizeBytes: 987_654,
      contentHash: "5f".repeat(32),
    },
  ],
  configuration: { entry: pathFromText("configuration.json"), recoveryKey: "1a2b3c4d" },
};

/** A manifest with nothing that may be absent. */
export const bareManifest: Manifest = {
  version: "0.1.0",
  site: { subscription: "s", resourceGroup: "g", name: "shop" },
  backup: {
    id: 1,
    name: "first",
    run: "r",
    scheduled: false,
    started: "2026-11-21T02:00:00.000Z",
    finished: "2026-11-21T02:00:01.000Z",
  },
  archive: { name: "first.zip", sizeBytes: 22, commitId: `${"00".repeat(32)}-0` },
  contents: { files: 0, folders: 0, links: 0, contentBytes: 0, storedBytes: 0, changedWhileRead: 0 },
  filter: [],
  leftOut: { count: 0, listed: [] },
  databases: [],
};
