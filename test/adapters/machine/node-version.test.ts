import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { nodeProblem } from "../../../src/adapters/machine/node-version.ts";

// Safe: the project's own file.
const { engines } = JSON.parse(readFileSync("package.json", "utf8")) as { engines: { node: string } };

it.each(["18.20.8", "20.18.3", "8.0.0"])("Node %s is too old, and both versions are named", (version) => {
  expect(nodeProblem(version, engines.node)).toMatch(new RegExp(`needs Node 20\\.19 or newer.*Node ${version}\\.`));
});

it.each(["20.19.0", "20.20.2", "22.0.0", "24.21.0"])("Node %s will do", (version) => {
  expect(nodeProblem(version, engines.node)).toBeUndefined();
});
