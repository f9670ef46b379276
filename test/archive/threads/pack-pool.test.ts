import { getEventListeners } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deflateEnd } from "../../../src/archive/content/deflate-content.ts";
import { errorCode } from "../../../src/domain/error-code.ts";
import type { PlaceJob } from "../../../src/archive/threads/place-job.ts";
import { PackPool } from "../../../src/archive/threads/pack-pool.ts";
import { bundledWorker } from "../../support/bundled-worker.ts";
import { lines } from "../../support/contents.ts";

let worker: Awaited<ReturnType<typeof bundledWorker>>;
beforeAll(async () => {
  worker = await bundledWorker();
});
afterAll(() => worker.remove());

const slice = (content = lines(100_000)) => ({ level: 4, from: { content } });

describe("the pool", () => {
  it("packs on as many threads as it may, and answers each its own", async () => {
    const pool = new PackPool({ threads: 2, script: worker.script });
    try {
      const lengths = Array.from({ length: 20 }, (_, at) => 1000 + at);
      const packed = await Promise.all(lengths.map((length) => pool.run("packSlice", slice(lines(length)))));
      expect(packed.map((result) => result.slice?.sizeBytes)).toEqual(lengths);
      const [first] = packed;
      const piece = first?.slice?.output.subarray(0, first.slice.storedBytes) ?? Buffer.alloc(0);
      const stream = Buffer.concat([piece, deflateEnd]);
      expect(inflateRawSync(stream).equals(lines(1000))).toBe(true);
    } finally {
      await pool.close();
    }
  });

  it("rejects at once when the signal is aborted, and works on", async () => {
    const pool = new PackPool({ threads: 1, script: worker.script });
    try {
      const controller = new AbortController();
      const running = Array.from({ length: 8 }, () => pool.run("packSlice", slice(), controller.signal));
      controller.abort(new Error("cancelled"));
      for (const run of running) await expect(run).rejects.toThrow("cancelled");
      await expect(pool.run("packSlice", slice(), controller.signal)).rejects.toThrow("cancelled");
      expect((await pool.run("packSlice", slice())).slice?.sizeBytes).toBe(100_000);
    } finally {
      await pool.close();
    }
  });

  it("hands on what the system said when a thread's work failed", async () => {
    const pool = new PackPool({ threads: 1, script: worker.script });
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-pool-"));
    const link = { kind: "link", path: join(folder, "link"), target: "nowhere", mtime: 0 } as const;
    try {
      await expect(pool.run("place", { placings: [link, link] })).rejects.toMatchObject({
        code: "EEXIST",
        syscall: "symlink",
        message: expect.stringContaining(folder),
      });
      // Safe: a job that is none, whose failure the system knows nothing of.
      const none = pool.run("place", {} as PlaceJob);
      await expect(none).rejects.toSatisfy((error) => error instanceof Error && errorCode(error) === undefined);
    } finally {
      rmSync(folder, { recursive: true });
      await pool.close();
    }
  });

  it("listens once to a signal, however many jobs wait under it", async () => {
    const pool = new PackPool({ threads: 1, script: worker.script });
    try {
      const { signal } = new AbortController();
      const running = Array.from({ length: 40 }, () => pool.run("packSlice", slice(lines(1000)), signal));
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
      await Promise.all(running);
    } finally {
      await pool.close();
    }
  });

  it("rejects what is waiting when it is closed, and everything afterwards", async () => {
    const pool = new PackPool({ threads: 1, script: worker.script });
    const running = Array.from({ length: 5 }, () => pool.run("packSlice", slice()));
    const settled = Promise.allSettled(running);
    await pool.close();
    expect((await settled).at(-1)?.status).toBe("rejected");
    await expect(pool.run("packSlice", slice())).rejects.toThrow("closed");
  });

  it("passes on what a job throws", async () => {
    const pool = new PackPool({ threads: 1, script: worker.script });
    try {
      const broken = { entries: Buffer.of(1, 2, 3), changed: [], suspectAfterNs: 0n, ...slice() };
      await expect(pool.run("packFiles", broken)).rejects.toThrow("ends in its middle");
    } finally {
      await pool.close();
    }
  });

  it("rejects the jobs of a thread that dies, and starts another", async () => {
    const directory = mkdtempSync(join(tmpdir(), "lifeboat-dying-"));
    const script = join(directory, "dying.mjs");
    writeFileSync(
      script,
      `import { parentPort } from "node:worker_threads";
       parentPort.on("message", ({ job }) => {
         if (job.level === 9) process.exit(3);
         parentPort.postMessage({ result: { slice: undefined } });
       });`,
    );
    const pool = new PackPool({ threads: 1, script: pathToFileURL(script) });
    try {
      await expect(pool.run("packSlice", { ...slice(), level: 9 })).rejects.toThrow("code 3");
      expect(await pool.run("packSlice", slice())).toEqual({ slice: undefined });
    } finally {
      await pool.close();
      rmSync(directory, { recursive: true });
    }
  });
});
