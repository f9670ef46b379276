import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { namedHost } from "../support/functions-host.ts";
import { buildHostApp } from "../../scripts/build-host-app.mjs";
import { buildDevhost, startDevhost } from "./devhost-process.ts";

/** Gives all files of the suite one host: the one the environment names, else a devhost that ends with the suite. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const named = namedHost();
  if (named) {
    project.provide("functionsHost", named);
    return async () => {};
  }
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-host-"));
  const app = join(folder, "app");
  await Promise.all([buildHostApp(app), buildDevhost()]);
  const { url, masterKey, end } = await startDevhost(app, join(folder, "data"));
  project.provide("functionsHost", { url, masterKey, isReal: false });
  return async () => {
    await end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
};
