import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { blockId } from "../../../src/archive/shards/block-id.ts";
import { logName, manifestName } from "../../../src/domain/backup.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { freeRoom, holdRoom } from "../../../src/steps/backup/describing-room.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "lifeboat-room-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const uploads = (): readonly string[] => readdirSync(join(folder, ".lifeboat", "uploads"));
const room = (destination: Destination) => ({ destination, backup: { blobBase: "night" }, run: "run-1" });
const sizeBytes = async (): Promise<number> => 1_000;

it.each([logName("night"), manifestName("night")])(
  "room that one attempt gives up takes nothing from another that writes %s at this moment",
  async (name) => {
    const destination = directoryDestination(folder);
    await holdRoom(room(destination), sizeBytes);
    const upload = { name, run: "run-1" };
    const bytes = Buffer.from("written by the other");
    const block = blockId(0, 0, bytes);
    await destination.stage(upload, block, bytes);
    await freeRoom(room(destination));
    await destination.commit(upload, [block], {});
    expect(uploads()).toEqual([]);
  },
);

it("room that a process held which died is given up by the next", async () => {
  await holdRoom(room(directoryDestination(folder)), sizeBytes);
  expect(uploads()).toHaveLength(1);
  await freeRoom(room(directoryDestination(folder)));
  expect(uploads()).toEqual([]);
});

it("room that is held goes with the run that held it", async () => {
  const destination = directoryDestination(folder);
  await holdRoom(room(destination), sizeBytes);
  await destination.abandonRun("run-1");
  expect(uploads()).toEqual([]);
});
