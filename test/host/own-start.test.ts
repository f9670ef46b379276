import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { get } from "./call.ts";
import { describeOwnHosts } from "./differences.ts";
import { ownHosts, readJson } from "./own-hosts.ts";

const hosts = ownHosts();

describeOwnHosts("the ports of a host", () => {
  /** Addresses as the kernel writes them: hexadecimal, the bytes of each word reversed. */
  const listening = (pid: number): readonly string[] => {
    const sockets = new Set(
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
        return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
      }),
    );
    return ["tcp", "tcp6"].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === "0A" && sockets.has(fields[9] ?? ""))
        .map((fields) => fields[1]?.split(":")[0] ?? ""),
    );
  };

  it.skipIf(process.platform !== "linux")("are its own and the durable client's, both on loopback", async () => {
    const { pid } = await hosts.start("ports");
    expect(listening(pid)).toEqual(["0100007F", "0100007F"]);
  });
});

const core = 'createRequire(import.meta.url)("@azure/functions-core")';
const importCore = 'import { createRequire } from "node:module";';
const register = (name: string, binding: object): string =>
  `${core}.registerFunction(${JSON.stringify({ name, bindings: { one: { direction: "in", ...binding } } })}, () => ({}));`;
const withoutStreams = [
  importCore,
  `${core}.setProgrammingModel({ name: "none", version: "1", getCapabilities: async () => ({}) });`,
  register("plain", { type: "httpTrigger" }),
].join("\n");

describeOwnHosts("a function that this host does not run", () => {
  it("is left out by name, and the rest of the app runs", async () => {
    const app = readFileSync(join(hosts.app, "dist", "main.js"), "utf8");
    const more = [
      importCore,
      app,
      register("queued", { type: "queueTrigger" }),
      register("unclosed", { type: "httpTrigger", route: "a/{b" }),
    ];
    const host = await hosts.withFile("dist/main.js", more.join("\n"), () => hosts.start("left-out"));
    await expect.poll(host.log).toMatch(/'queued' function is in error and is left out: .* queueTrigger/);
    await expect.poll(host.log).toMatch(/'unclosed' function is in error and is left out: .* not closed/);
    await expect.poll(host.log).toMatch(/'reserved_admin' function is in error and is left out: .* built in routes/);
    await expect.poll(host.log).toMatch(/'wrong_schedule' function is in error and is left out: .*"61 \* \* \* \* \*"/);
    expect((await get("/hello", { baseUrl: host.url })).status).toBe(200);
  });
});

describeOwnHosts("the log", () => {
  it("has what a function said, after the app's own hook", async () => {
    const host = await hosts.start("logged");
    await get("/hooked", { baseUrl: host.url });
    await expect.poll(host.log).toContain("warning Function.hooked.User: hooked: a line");
  });

  it("has why a handler failed, which its caller is not told", async () => {
    const host = await hosts.start("failed");
    await get("/misbehave/throws", { baseUrl: host.url });
    await get("/misbehave/nothing", { baseUrl: host.url });
    await expect.poll(host.log).toMatch(/Function "misbehave" failed: Error: secret detail/);
    await expect.poll(host.log).toMatch(/Function "misbehave" returned nothing\. .*this caller would wait 240 s/);
  });
});

describeOwnHosts("a host that cannot start says why and ends", () => {
  /** What the host says when a file of its app has other content. */
  const refusal = (file: string, content: string): Promise<string> =>
    hosts.withFile(file, content, () => hosts.start("refused").then(() => "it started", String));

  it.each([
    { change: { version: "1.0" }, says: /"version" in .*host\.json is not "2\.0"/ },
    { change: { functionTimeout: "soon" }, says: /"functionTimeout" in .*host\.json is not a time span/ },
    { change: { extensions: { durableTask: { hubName: "%NO_SUCH%" } } }, says: /setting NO_SUCH, which is not set/ },
    { change: { extensions: { durableTask: { hubName: "a b" } } }, says: /hubName" in .* is not 3 to 45 letters/ },
  ])("where host.json has $change", async ({ change, says }) => {
    const before = readJson(join(hosts.app, "host.json"));
    const words = await refusal("host.json", JSON.stringify({ ...before, ...change }));
    expect(words).toMatch(says);
    expect(words).not.toMatch(/\n\s+at /);
  });

  it.each([
    { content: "{", says: /host\.json is not valid JSON/, file: "host.json" },
    { content: '{ "IsEncrypted": true }', says: /is encrypted\. Decrypt it/, file: "local.settings.json" },
    {
      content: 'throw new Error("the app is broken");',
      says: /could not be loaded: the app is broken/,
      file: "dist/main.js",
    },
    { content: withoutStreams, says: /is not in stream mode, which this host needs/, file: "dist/main.js" },
    { content: "export {};", says: /The app registered no functions/, file: "dist/main.js" },
  ])("where $file is $content", async ({ file, content, says }) => {
    expect(await refusal(file, content)).toMatch(says);
  });
});
