import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { BackupView } from "../../../src/cli/backups/backup-view.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { unpackTo } from "../../../src/cli/backups/unpack-to.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

let folder: string;
let server: Server;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

/** What the service sends; undefined: a part, and then the connection is cut. */
let sent: Buffer | undefined;
/** That happens when tar has begun, where there is one. */
let mayCut: () => boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-unpack-"));
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "out"));
  sent = undefined;
  mayCut = () => true;
  server = createServer((_request, response) => {
    if (sent !== undefined) return void response.end(sent);
    response.writeHead(200, { "content-length": "1000" });
    response.write("part");
    const waiting = setInterval(() => {
      if (!mayCut()) return;
      clearInterval(waiting);
      response.destroy();
    }, 10);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  unhandled.length = 0;
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  process.off("unhandledRejection", note);
  vi.unstubAllEnvs();
  const closed = once(server, "close");
  server.close();
  // An answer that came only after an interruption is read by nobody.
  server.closeAllConnections();
  await closed;
  rmSync(folder, { recursive: true, force: true });
});

const unpack = (to = join(folder, "out", "old"), terminal = fakeTerminal()) => {
  const { context } = fakeContext(terminal);
  // As Node documents it for a TCP server.
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<IncomingMessage> => {
    const request = get({ host: "127.0.0.1", port, agent: false });
    request.on("error", () => undefined);
    return await new Promise<IncomingMessage>((resolve) => void request.once("response", resolve));
  };
  const service = { open } satisfies Partial<Service>;
  const backup: BackupView = {
    site: "shop",
    id: 1,
    name: "b",
    blobName: "b.zip",
    status: "Succeeded",
    created: "2026-11-21T12:00:00Z",
    finished: null,
    sizeBytes: 1,
    siteBytes: null,
    databaseBytes: null,
    scheduled: false,
    expires: null,
    lastRestored: null,
    damaged: null,
    emptied: false,
    unreadable: false,
    databases: [],
    log: null,
  };
  return unpackTo(
    // Nothing else of the service is asked.
    { ...context, service: () => service as Partial<Service> as Service },
    { label: "shop", path: "/shop", state: undefined },
    { backup, folder: to, paths: [] },
  );
};

it("unpacks what came whole", async () => {
  writeFileSync(join(folder, "bin", "index.html"), "hello");
  sent = execFileSync("tar", ["-c", "-z", "-f", "-", "-C", join(folder, "bin"), "index.html"]);
  expect(await unpack()).toBe(0);
  expect(readFileSync(join(folder, "out", "old", "index.html"), "utf8")).toBe("hello");
  expect(readdirSync(join(folder, "out"))).toEqual(["old"]);
});

it("leaves nothing of what tar refuses", async () => {
  sent = Buffer.from("this is no archive");
  await expect(unpack()).rejects.toThrow(/could not be unpacked: .*tar/);
  expect(readdirSync(join(folder, "out"))).toEqual([]);
});

it("removes what is half unpacked only when tar has ended", async () => {
  const [begun, ended] = [join(folder, "begun"), join(folder, "ended")];
  mayCut = () => existsSync(begun);
  // Goes on for a while after its input has ended, as tar does with much in its hands.
  const slow = `#!/bin/sh\ntrap '' TERM\ntouch '${begun}'\ncat > /dev/null\nsleep 0.3\nmkdir -p "$6/late"\ntouch '${ended}'\n`;
  writeFileSync(join(folder, "bin", "tar"), slow);
  chmodSync(join(folder, "bin", "tar"), 0o755);
  vi.stubEnv("PATH", `${join(folder, "bin")}:${process.env["PATH"]}`);
  await expect(unpack()).rejects.toThrow(/could not be unpacked: .*Nothing was left behind/);
  await expect.poll(() => existsSync(ended), { timeout: 20_000 }).toBe(true);
  expect(readdirSync(join(folder, "out"))).toEqual([]);
});

it("says that tar is missing, and nothing else goes wrong", async () => {
  vi.stubEnv("PATH", join(folder, "bin"));
  await expect(unpack()).rejects.toThrow(/the program tar cannot be started/);
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
  expect(readdirSync(join(folder, "out"))).toEqual([]);
});

it("clears up at Ctrl-C, in the middle of the contents, and says so", async () => {
  mayCut = () => false;
  const terminal = fakeTerminal();
  const ended = unpack(undefined, terminal).then(
    () => "done",
    (error: unknown) => error,
  );
  await expect.poll(() => readdirSync(join(folder, "out")).length, { timeout: 20_000 }).toBe(1);
  terminal.interrupt();
  expect(await ended).toMatchObject({ code: "Interrupted", message: "Interrupted. Nothing was left behind." });
  expect(readdirSync(join(folder, "out"))).toEqual([]);
});

it("removes the folders that it made for it, and none that was there", async () => {
  sent = Buffer.from("this is no archive");
  mkdirSync(join(folder, "out", "there"));
  await expect(unpack(join(folder, "out", "there", "new", "newer", "old"))).rejects.toThrow(/could not be unpacked/);
  expect(readdirSync(join(folder, "out", "there"))).toEqual([]);
});

it.skipIf(process.platform !== "linux")("refuses a folder that cannot be made, and does not wait for it", async () => {
  await expect(unpack("/proc/lifeboat/new/old")).rejects.toMatchObject({
    code: "FolderRefused",
    message: expect.stringMatching(/^\/proc\/lifeboat\/new\/old is no folder .* Name another one/) as string,
  });
});

it("leaves an empty folder that was there as it was", async () => {
  sent = Buffer.from("this is no archive");
  mkdirSync(join(folder, "out", "old"));
  await expect(unpack()).rejects.toThrow(/could not be unpacked/);
  expect(readdirSync(join(folder, "out"))).toEqual(["old"]);
});
