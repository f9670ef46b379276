import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { bundle } from "../../scripts/build.mjs";
import { buildHostApp } from "../../scripts/build-host-app.mjs";
import { namedHost } from "../support/functions-host.ts";
import { startDevhost } from "./devhost-process.ts";

/** Below node_modules, so that a bundle there finds the packages it does not hold. */
const programFolder = (): string => {
  const cache = resolve("node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  return mkdtempSync(join(cache, "lifeboat-host-"));
};

/** Gives all files of the suite one host: the one the environment names, else a devhost that ends with the suite. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const named = namedHost();
  if (named) {
    project.provide("functionsHost", named);
    return async () => {};
  }
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-host-"));
  const built = programFolder();
  const root = join(folder, "app");
  const program = join(built, "run-devhost.js");
  await Promise.all([buildHostApp(root), bundle(["test/host/run-devhost.ts"], built, { packages: "external" })]);
  const { url, masterKey, end } = await startDevhost({ program, root, data: join(folder, "data") });
  project.provide("functionsHost", { url, masterKey, isReal: false, program });
  return async () => {
    await end("SIGKILL");
    for (const made of [folder, built]) rmSync(made, { recursive: true, force: true });
  };
};
