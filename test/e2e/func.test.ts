import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { describeWith } from "../support/needs.ts";

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
const portsAreFree = !(await Promise.all([10000, 10001, 10002].map(isOpen))).includes(true);

const folder = mkdtempSync(join(tmpdir(), "lifeboat-func-"));
const stop: (() => void)[] = [];
afterEach(() => stop.splice(0).forEach((one) => one()));

/** `npm run func` with core tools replaced by `script`, which sees the arguments npm would pass on. */
const runFunc = (script: string, args: readonly string[] = []) => {
  const npm = join(folder, "npm.cjs");
  writeFileSync(npm, `const args = process.argv.slice(process.argv.indexOf("func") + 1);\n${script}`);
  const child = spawn(process.execPath, ["scripts/func.mjs", ...args], {
    env: { ...process.env, LIFEBOAT_DATA: folder, npm_execpath: npm },
    stdio: ["ignore", "pipe", "pipe"],
  });
  stop.push(() => child.kill("SIGKILL"));
  let output = "";
  const listeners: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      for (const listener of listeners) listener();
    });
  const said = (word: string): Promise<void> =>
    new Promise((resolve) => void listeners.push(() => (output.includes(word) ? resolve() : undefined)));
  return { child, said, closed: once(child, "close"), output: () => output };
};

describeWith("ports 10000 to 10002", portsAreFree, "npm run func", () => {
  it("says what is missing where core tools cannot be fetched, without a stack trace", async () => {
    const { closed, output } = runFunc(`process.exit(1);`);
    expect((await closed)[0]).toBe(1);
    expect(output()).toContain("could not be fetched");
    expect(output()).toContain("npm start");
    expect(output()).not.toMatch(/^\s+at /m);
  });

  it("gives core tools an Azurite, and stops it with them", async () => {
    const { child, said, closed } = runFunc(
      `if (args[0] === "start") { console.log("host " + args.join(" ")); setInterval(() => {}, 1000); }`,
      ["--port", "7999"],
    );
    await said("host start --port 7999");
    expect(await Promise.all([10000, 10001, 10002].map(isOpen))).toEqual([true, true, true]);
    expect(existsSync(join(folder, ".azurite"))).toBe(true);
    child.kill("SIGINT");
    await closed;
    expect(await Promise.all([10000, 10001, 10002].map(isOpen))).toEqual([false, false, false]);
    rmSync(folder, { recursive: true });
  });
});
