import { once } from "node:events";
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { answerOf } from "../../../src/cli/service/answer.ts";
import type { Given } from "../../../src/cli/command.ts";
import { archiveName, run } from "../../../src/cli/commands/get.ts";
import type { Service } from "../../../src/cli/service/service.ts";
import { whole } from "../../../src/cli/files/whole.ts";
import { fakeContext, fakeTerminal } from "../terminal/fake-terminal.ts";

let folder: string;
let server: Server;
let hangs: boolean;
let opened: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-get-"));
  hangs = false;
  opened = 0;
  server = createServer((_request, response) => {
    if (!hangs) return void response.end("archive");
    response.writeHead(200, { "content-length": "1000" });
    response.write("part");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  rmSync(folder, { recursive: true, force: true });
});

const backup = {
  properties: { id: 7, status: "Succeeded", name: "shop_1", blobName: "shop_1.zip", created: "2026-11-21T12:00:00Z" },
};

const getting = (options: Record<string, string | true>, terminal = fakeTerminal({ isTerminal: false })) => {
  // As Node documents it for a TCP server.
  const { port } = server.address() as AddressInfo;
  const service = {
    get: async () => answerOf({}),
    all: async (path: string) => (path.endsWith("/backups") ? [answerOf(backup)] : []),
    open: () =>
      new Promise<IncomingMessage>((resolve) => {
        opened++;
        get({ host: "127.0.0.1", port, agent: false }).once("response", resolve);
      }),
  } satisfies Partial<Service>;
  const texts: Record<string, string | true> = { SITE: "shop", BACKUP: "7", ...options };
  const text = (name: string): string | undefined => {
    const value = texts[name];
    return typeof value === "string" ? value : undefined;
  };
  const given: Given = {
    text,
    need: (name) => text(name) ?? "",
    texts: () => [],
    flag: (name) => texts[name] === true,
  };
  // Nothing else of the service is asked.
  return run({ ...fakeContext(terminal).context, service: () => service as Partial<Service> as Service }, given);
};

describe("the name of an archive that nobody named", () => {
  it.each([
    [[], "shop_1"],
    [["site/wwwroot/images"], "shop_1_images"],
    [["/site/wwwroot/images/2026/"], "shop_1_images_2026"],
    [["site/wwwroot"], "shop_1_site_wwwroot"],
    [["data/../..\\x:y"], "shop_1_data_.._.._x_y"],
    [["a", "b", "c"], "shop_1_a_and_2_more"],
    [["/"], "shop_1_part"],
    [["ä".repeat(200)], `shop_1_${"ä".repeat(60)}`],
  ])("says what is taken of the backup: %j", (paths, name) => {
    expect(archiveName("shop_1.zip", paths)).toBe(name);
  });
});

describe("saving an archive", () => {
  const file = (): string => join(folder, "one.zip");

  it("takes no other file's place unless it was asked to", async () => {
    writeFileSync(file(), "before");
    await expect(getting({ output: file() })).rejects.toMatchObject({ code: "FileExists" });
    expect(readFileSync(file(), "utf8")).toBe("before");
    expect(await getting({ output: file(), overwrite: true })).toBe(0);
    expect(readFileSync(file(), "utf8")).toBe("archive");
    expect(readdirSync(folder)).toEqual(["one.zip"]);
  });

  it("says that a file cannot be made before it asks for anything", async () => {
    await expect(getting({ output: join(folder, "none", "one.zip") })).rejects.toMatchObject({
      exitCode: 4,
      message: `${join(folder, "none", "one.zip")} cannot be made: ENOENT. Name another file by --output.`,
    });
    expect(opened).toBe(0);
  });

  it.skipIf(process.platform !== "linux")("says that there is no room, and blames no archive", async () => {
    const full = whole(() => pipeline(Readable.from(["x".repeat(100_000)]), createWriteStream("/dev/full")));
    await expect(full).rejects.toMatchObject({ code: "NotSaved", message: expect.stringMatching(/cannot be saved/) });
    const broken = whole(() => Promise.reject(new Error("aborted")));
    await expect(broken).rejects.toMatchObject({ code: "NotWhole" });
  });

  it("leaves nothing at Ctrl-C, and what was there as it was", async () => {
    hangs = true;
    writeFileSync(file(), "before");
    const terminal = fakeTerminal({ isTerminal: false });
    const ended = getting({ output: file(), overwrite: true }, terminal).catch((error: unknown) => error);
    await expect.poll(() => readdirSync(folder).length, { timeout: 20_000 }).toBe(2);
    terminal.interrupt();
    expect(await ended).toMatchObject({ code: "Interrupted" });
    expect(readdirSync(folder)).toEqual(["one.zip"]);
    expect(readFileSync(file(), "utf8")).toBe("before");
    expect(existsSync(file())).toBe(true);
  });
});
