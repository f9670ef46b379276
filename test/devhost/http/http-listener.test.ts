import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownCertificate } from "../../../src/adapters/tls/own-authority.ts";
import { listen, type Listener } from "../../../src/devhost/http/http-listener.ts";

let folder: string;
let listener: Listener | undefined;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-listener-"))));
afterEach(async () => {
  await listener?.close(0);
  rmSync(folder, { recursive: true, force: true });
});

const certificate = async (machine: string) => {
  const { key, cert } = await ownCertificate({ folder: join(folder, machine), now: new Date(), machine });
  return { key, cert };
};

/** Whom a new connection is served by. */
const names = (port: number): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.destroy();
    });
    socket.on("error", reject);
  });

describe("a port that cannot be had", () => {
  it("is said to be in use, or its address to be none of this machine's", async () => {
    const options = { address: "127.0.0.1", port: 0, handle: () => undefined };
    listener = await listen(options);
    await expect(listen({ ...options, port: listener.port })).rejects.toThrow(/Port \d+ on 127\.0\.0\.1 is in use/);
    await expect(listen({ ...options, address: "192.0.2.1" })).rejects.toThrow("192.0.2.1 is not an address of this");
  });
});

describe("a port that speaks https", () => {
  it("serves a renewed certificate from the next connection on", async () => {
    const tls = await certificate("before");
    listener = await listen({ address: "127.0.0.1", port: 0, tls, handle: (_, response) => response.end() });
    expect(await names(listener.port)).toContain("DNS:before");
    listener.renew(await certificate("after"));
    expect(await names(listener.port)).toContain("DNS:after");
  });
});
