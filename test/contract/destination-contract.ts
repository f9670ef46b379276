import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreFailure } from "../../src/domain/store-failure.ts";
import type { StoreFailureKind } from "../../src/domain/store-failure.ts";
import type { BlockId, Destination } from "../../src/ports/destination.ts";
import { blockId, firstDifference, namesOf, noise, readAll, stageAll, store } from "../adapters/destination/blocks.ts";
import { failureOf } from "../support/failure-of.ts";

/** One empty container. */
export interface Subject {
  readonly destination: Destination;
  /** The same container as a new process would see it. */
  reopened(): Promise<Destination>;
  dispose(): Promise<void>;
}

interface ContractOptions {
  /** Blocks must be committed in the order they were staged, each but the last of the minimum size. */
  readonly inStagedOrder?: boolean;
}

const expectContent = async (destination: Destination, name: string, bytes: Uint8Array): Promise<void> =>
  expect(firstDifference(await readAll(destination, name), bytes)).toBe("none");

const failsWith = async (kind: StoreFailureKind, work: Promise<unknown>): Promise<StoreFailure> => {
  const failure = await failureOf(StoreFailure, work);
  expect(failure.kind).toBe(kind);
  return failure;
};

/** Every sentence of the Destination port's comments, against any implementation. */
export const destinationContract = (
  implementation: string,
  make: () => Promise<Subject>,
  options: ContractOptions = {},
): void => {
  describe(`${implementation} keeps the destination contract`, () => {
    let subject: Subject;
    let destination: Destination;
    beforeEach(async () => {
      subject = await make();
      destination = subject.destination;
    });
    afterEach(async () => subject.dispose());
    const context = { destination: () => destination, subject: () => subject, inOrder: options.inStagedOrder === true };

    describe("stage and commit", () => commits(context));
    describe("whole runs", () => wholeRuns(context));
    describe("several writers", () => severalWriters(context));
    describe("copy", () => copies(context));
    describe("read and head", () => reads(context));
    describe("list and remove", () => listsAndRemoves(context));
    describe("refusals", () => refusals(context));
  });
};

interface Context {
  destination(): Destination;
  subject(): Subject;
  readonly inOrder: boolean;
}

const upload = { name: "night.zip", run: "run-1" };

/** A piece that every store takes in the middle of an object. */
const piece = (context: Context, seed: string, extra = 0): Buffer =>
  noise(Math.max(context.destination().limits.minBlockBytes, 1000) + extra, seed);

const commits = (context: Context): void => {
  it("shows nothing before the commit and everything after", async () => {
    const destination = context.destination();
    const pieces = [piece(context, "a"), piece(context, "b", 17), Buffer.from("the end")];
    const ids = await stageAll(destination, upload, pieces);
    await destination.settle(upload);
    expect(await destination.head(upload.name)).toBeUndefined();
    expect(await namesOf(destination.list(""))).toEqual([]);
    await failsWith("NotFound", destination.read(upload.name, { offset: 0, length: 1 }));
    const stored = await destination.commit(upload, ids, { commitid: "abc123" });
    expect(stored).toMatchObject({ name: upload.name, metadata: { commitid: "abc123" } });
    expect(stored.sizeBytes).toBe(Buffer.concat(pieces).length);
    await expectContent(destination, upload.name, Buffer.concat(pieces));
    expect(await namesOf(destination.list(""))).toEqual([upload.name]);
  });

  const fourStaged = async (destination: Destination) => {
    const [a, b, c, d] = ["a", "b", "c", "d"].map((seed) => piece(context, seed));
    if (!a || !b || !c || !d) throw new Error("four pieces");
    const ids = await stageAll(destination, upload, [a, b, c, d]);
    const [first, , third, fourth] = ids as [BlockId, BlockId, BlockId, BlockId];
    return { named: [fourth, first, third, first], content: Buffer.concat([d, a, c, a]) };
  };

  if (context.inOrder)
    it("refuses another order than that of the staging, and shows nothing of it", async () => {
      const destination = context.destination();
      const { named } = await fourStaged(destination);
      await failsWith("Invalid", destination.commit(upload, named, {}));
      expect(await destination.head(upload.name)).toBeUndefined();
    });
  else
    it("takes the order and the choice of the list, not of the staging", async () => {
      const destination = context.destination();
      const { named, content } = await fourStaged(destination);
      await destination.commit(upload, named, {});
      await expectContent(destination, upload.name, content);
    });

  it("leaves out blocks the list does not name, wherever they were staged", async () => {
    const destination = context.destination();
    const pieces = ["lost", "a", "lost too", "b", "lost last"].map((seed) => piece(context, seed));
    const ids = await stageAll(destination, upload, pieces);
    const kept = [1, 3];
    await destination.commit(
      upload,
      ids.filter((_, at) => kept.includes(at)),
      {},
    );
    await expectContent(destination, upload.name, Buffer.concat(pieces.filter((_, at) => kept.includes(at))));
  });

  it("takes the first blocks alone, without what was staged behind them", async () => {
    const destination = context.destination();
    const pieces = ["a", "b", "left out"].map((seed) => piece(context, seed));
    const ids = await stageAll(destination, upload, pieces);
    await destination.commit(upload, ids.slice(0, 2), {});
    await expectContent(destination, upload.name, Buffer.concat(pieces.slice(0, 2)));
  });

  it("takes the same block twice without doubling it", async () => {
    const destination = context.destination();
    const pieces = [piece(context, "a"), piece(context, "b")];
    await stageAll(destination, upload, pieces);
    const ids = await stageAll(destination, upload, pieces);
    await destination.commit(upload, ids, {});
    await expectContent(destination, upload.name, Buffer.concat(pieces));
  });

  it("takes the same blocks at the same time", async () => {
    const destination = context.destination();
    const pieces = ["a", "b", "c"].map((seed) => piece(context, seed));
    const [ids = []] = context.inOrder
      ? [await stageAll(destination, upload, pieces)]
      : await Promise.all([1, 2, 3].map(async () => stageAll(destination, upload, pieces)));
    await destination.commit(upload, ids, {});
    await expectContent(destination, upload.name, Buffer.concat(pieces));
  });

  it("keeps what was staged last under an id", async () => {
    const destination = context.destination();
    const [first, second] = [piece(context, "first"), piece(context, "second", 5)];
    const id = blockId(0, first);
    await destination.stage(upload, id, first);
    await destination.stage(upload, id, second);
    await destination.commit(upload, [id], {});
    await expectContent(destination, upload.name, second);
  });

  it("gives the bytes back to the caller", async () => {
    const destination = context.destination();
    const bytes = piece(context, "a");
    const before = Buffer.from(bytes);
    const id = blockId(0, bytes);
    await destination.stage(upload, id, bytes);
    bytes.fill(0);
    await destination.commit(upload, [id], {});
    await expectContent(destination, upload.name, before);
  });

  it("takes a view into a larger buffer", async () => {
    const destination = context.destination();
    const whole = new Uint8Array(piece(context, "whole", 64));
    const view = whole.subarray(32, whole.length - 32);
    await store(destination, "view.zip", [view]);
    await expectContent(destination, "view.zip", Buffer.from(view));
  });

  it("makes an empty object of no blocks", async () => {
    const destination = context.destination();
    expect(await destination.commit(upload, [], { commitid: "empty" })).toMatchObject({ sizeBytes: 0 });
    expect(await destination.read(upload.name, { offset: 0, length: 0 })).toHaveLength(0);
  });

  it("keeps blocks of many MiB", async () => {
    const destination = context.destination();
    const pieces = [noise(9 * 1024 * 1024, "large"), noise(8 * 1024 * 1024 + 1, "larger"), Buffer.from([0])];
    await store(destination, "large.zip", pieces);
    await expectContent(destination, "large.zip", Buffer.concat(pieces));
  });

  it("never overwrites: a name that is taken stays as it is", async () => {
    const destination = context.destination();
    const before = await store(destination, upload.name, [Buffer.from("the first")], { commitid: "first" });
    const ids = await stageAll(destination, upload, [Buffer.from("the second")]);
    const failure = await failsWith("AlreadyExists", destination.commit(upload, ids, { commitid: "second" }));
    expect(failure.message).toContain(upload.name);
    expect(await destination.head(upload.name)).toEqual(before);
    expect((await readAll(destination, upload.name)).toString()).toBe("the first");
  });

  it("answers a second commit with AlreadyExists and the first one's metadata", async () => {
    const destination = context.destination();
    const ids = await stageAll(destination, upload, [piece(context, "a"), Buffer.from("b")]);
    const first = await destination.commit(upload, ids, { commitid: "mine" });
    await failsWith("AlreadyExists", destination.commit(upload, ids, { commitid: "mine" }));
    expect(await destination.head(upload.name)).toEqual(first);
  });

  it("says which block is missing, and commits once it is there", async () => {
    const destination = context.destination();
    const pieces = [piece(context, "a"), piece(context, "b")];
    const [there, missing] = pieces.map((bytes, at) => blockId(at, bytes)) as [BlockId, BlockId];
    await destination.stage(upload, there, pieces[0] ?? Buffer.alloc(0));
    const failure = await failsWith("BlockMissing", destination.commit(upload, [there, missing], {}));
    expect(failure.message).toContain(upload.name);
    expect(await destination.head(upload.name)).toBeUndefined();
    await destination.stage(upload, missing, pieces[1] ?? Buffer.alloc(0));
    await destination.commit(upload, [there, missing], {});
    await expectContent(destination, upload.name, Buffer.concat(pieces));
  });

  it("commits in a new process what an old one staged", async () => {
    const pieces = [piece(context, "a"), piece(context, "b")];
    const ids = await stageAll(context.destination(), upload, pieces);
    await context.destination().settle(upload);
    const reopened = await context.subject().reopened();
    const last = Buffer.from("staged by the new one");
    const id = blockId(2, last);
    await reopened.stage(upload, id, last);
    const stored = await reopened.commit(upload, [...ids, id], { commitid: "after restart" });
    await expectContent(reopened, upload.name, Buffer.concat([...pieces, last]));
    expect(await context.destination().head(upload.name)).toEqual(stored);
  });

  it("forgets staged blocks when told, as often as told", async () => {
    const destination = context.destination();
    const ids = await stageAll(destination, upload, [Buffer.from("gone")]);
    await destination.abandon({ name: "never-staged.zip", run: "run-1" });
    await destination.abandon(upload);
    await destination.abandon(upload);
    expect(await destination.head(upload.name)).toBeUndefined();
    const again = await stageAll(destination, upload, [Buffer.from("gone")]);
    expect(again).toEqual(ids);
    await destination.commit(upload, again, {});
    await destination.abandon(upload);
    expect((await readAll(destination, upload.name)).toString()).toBe("gone");
  });
};

const wholeRuns = (context: Context): void => {
  it("forgets all that a run staged, whatever the names, and nothing of another's", async () => {
    const destination = context.destination();
    const others = await stageAll(destination, { ...upload, run: "run-10" }, [Buffer.from("theirs")]);
    await stageAll(destination, upload, [Buffer.from("one")]);
    await stageAll(destination, { ...upload, name: "folder/other.zip" }, [Buffer.from("two")]);
    await context.destination().abandonRun(upload.run);
    await destination.abandonRun("never-staged");
    await destination.commit({ ...upload, run: "run-10" }, others, {});
    expect((await readAll(destination, upload.name)).toString()).toBe("theirs");
  });
};

const severalWriters = (context: Context): void => {
  it("does not find another run's blocks", async () => {
    const destination = context.destination();
    const ids = await stageAll(destination, { ...upload, run: "run-other" }, [Buffer.from("theirs")]);
    await failsWith("BlockMissing", destination.commit(upload, ids, {}));
    await destination.abandon(upload);
    await destination.commit({ ...upload, run: "run-other" }, ids, {});
    expect((await readAll(destination, upload.name)).toString()).toBe("theirs");
  });

  it("lets exactly one of two runs have a name", async () => {
    const destinations = [context.destination(), await context.subject().reopened()];
    const contents = destinations.map((_, at) => [piece(context, `run ${at}`), Buffer.from(`written by ${at}`)]);
    const staged = await Promise.all(
      destinations.map((destination, at) => stageAll(destination, { ...upload, run: `run-${at}` }, contents[at] ?? [])),
    );
    const outcomes = await Promise.allSettled(
      destinations.map((destination, at) =>
        destination.commit({ ...upload, run: `run-${at}` }, staged[at] ?? [], { commitid: `id-${at}` }),
      ),
    );
    const winners = outcomes.flatMap((outcome, at) => (outcome.status === "fulfilled" ? [at] : []));
    expect(winners).toHaveLength(1);
    const winner = winners[0] ?? -1;
    const loser = outcomes[1 - winner];
    expect(loser).toMatchObject({ status: "rejected", reason: { kind: "AlreadyExists" } });
    const [one] = destinations;
    if (!one) throw new Error("a destination");
    await expectContent(one, upload.name, Buffer.concat(contents[winner] ?? []));
    expect((await one.head(upload.name))?.metadata).toEqual({ commitid: `id-${winner}` });
  });

  it("writes several objects side by side", async () => {
    const destination = context.destination();
    const names = Array.from({ length: 6 }, (_, at) => `side/${at}.zip`);
    await Promise.all(
      names.map((name) => store(destination, name, [piece(context, name), Buffer.from(name)], { commitid: name })),
    );
    for (const name of names)
      await expectContent(destination, name, Buffer.concat([piece(context, name), Buffer.from(name)]));
    expect(await namesOf(destination.list("side/"))).toEqual(names);
  });
};

const copies = (context: Context): void => {
  it("copies ranges out of another object among staged blocks", async () => {
    const destination = context.destination();
    const source = noise(3 * context.destination().limits.minBlockBytes + 5000, "source");
    const { etag } = await store(destination, "source.zip", [source]);
    const length = context.destination().limits.minBlockBytes + 1500;
    const [head, tail] = [piece(context, "head"), Buffer.from("tail")];
    const ids = [blockId(0, head), blockId(1, Buffer.from("copy")), blockId(2, tail)];
    const [first, second, third] = ids as [BlockId, BlockId, BlockId];
    await destination.stage(upload, first, head);
    await destination.stageCopy(upload, second, { name: "source.zip", etag, offset: 777, length });
    await destination.stageCopy(upload, second, { name: "source.zip", etag, offset: 777, length });
    await destination.stage(upload, third, tail);
    await destination.commit(upload, ids, {});
    await expectContent(destination, upload.name, Buffer.concat([head, source.subarray(777, 777 + length), tail]));
  });

  it("copies up to the source's last byte and not beyond", async () => {
    const destination = context.destination();
    const { etag } = await store(destination, "source.zip", [Buffer.from("0123456789")]);
    const id = blockId(0, Buffer.from("copy"));
    const from = { name: "source.zip", etag };
    await failsWith("OutOfRange", destination.stageCopy(upload, id, { ...from, offset: 5, length: 6 }));
    await failsWith("OutOfRange", destination.stageCopy(upload, id, { ...from, offset: 10, length: 1 }));
    await destination.stageCopy(upload, id, { ...from, offset: 5, length: 5 });
    await destination.commit(upload, [id], {});
    expect((await readAll(destination, upload.name)).toString()).toBe("56789");
  });

  it("does not copy a source that is gone or was written anew", async () => {
    const destination = context.destination();
    const { etag } = await store(destination, "source.zip", [Buffer.from("0123456789")]);
    const id = blockId(0, Buffer.from("copy"));
    const from = { name: "source.zip", etag, offset: 0, length: 5 };
    await destination.remove("source.zip");
    await failsWith("SourceChanged", destination.stageCopy(upload, id, from));
    await store(destination, "source.zip", [Buffer.from("9876543210")]);
    const failure = await failsWith("SourceChanged", destination.stageCopy(upload, id, from));
    expect(failure.message).toContain("source.zip");
    await failsWith("BlockMissing", destination.commit(upload, [id], {}));
  });
};

const reads = (context: Context): void => {
  it("answers exactly the bytes asked for", async () => {
    const destination = context.destination();
    const bytes = noise(200_000, "content");
    const { etag } = await store(destination, "a.zip", [bytes]);
    for (const [offset, length] of [
      [0, 200_000],
      [0, 1],
      [199_999, 1],
      [12_345, 67_890],
      [5, 0],
      [200_000, 0],
    ] as const) {
      const read = await destination.read("a.zip", { offset, length }, { ifMatch: etag });
      expect(Buffer.from(read).equals(bytes.subarray(offset, offset + length))).toBe(true);
      expect(read).toHaveLength(length);
    }
  });

  it("never reads short", async () => {
    const destination = context.destination();
    await store(destination, "a.zip", [Buffer.from("0123456789")]);
    for (const [offset, length] of [
      [0, 11],
      [9, 2],
      [10, 1],
      [11, 0],
      [1_000_000, 1],
    ] as const)
      await failsWith("OutOfRange", destination.read("a.zip", { offset, length }));
  });

  it("reads many ranges at the same time", async () => {
    const destination = context.destination();
    const bytes = noise(100_000, "content");
    await store(destination, "a.zip", [bytes]);
    const offsets = Array.from({ length: 40 }, (_, at) => at * 2500);
    const parts = await Promise.all(offsets.map((offset) => destination.read("a.zip", { offset, length: 2500 })));
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  it("tells an object that is gone from one that was written anew", async () => {
    const destination = context.destination();
    const first = await store(destination, "a.zip", [Buffer.from("first")]);
    const range = { offset: 0, length: 5 };
    await destination.remove("a.zip");
    await failsWith("NotFound", destination.read("a.zip", range, { ifMatch: first.etag }));
    await failsWith("NotFound", destination.read("a.zip", { offset: 0, length: 0 }));
    const second = await store(destination, "a.zip", [Buffer.from("other")]);
    expect(second.etag).not.toBe(first.etag);
    const failure = await failsWith("SourceChanged", destination.read("a.zip", range, { ifMatch: first.etag }));
    expect(failure.message).toContain("a.zip");
    await failsWith("SourceChanged", destination.read("a.zip", { offset: 0, length: 0 }, { ifMatch: first.etag }));
  });

  it("knows an object by the same facts in commit, head and list", async () => {
    const destination = context.destination();
    const before = Date.now();
    const stored = await store(destination, "a b/ü.zip", [Buffer.from("content")], {
      commitid: "c1",
      by: "Lifeboat 1.0",
    });
    expect(stored).toMatchObject({ name: "a b/ü.zip", sizeBytes: 7, metadata: { commitid: "c1", by: "Lifeboat 1.0" } });
    expect(Math.abs(stored.modified.getTime() - before)).toBeLessThan(60_000);
    expect(await destination.head("a b/ü.zip")).toEqual(stored);
    for await (const listed of destination.list("")) expect(listed).toEqual(stored);
    expect(await (await context.subject().reopened()).head("a b/ü.zip")).toEqual(stored);
  });

  it("has no head for what is not there", async () => {
    const destination = context.destination();
    await store(destination, "folder/a.zip", [Buffer.from("content")]);
    expect(await destination.head("b.zip")).toBeUndefined();
    expect(await destination.head("folder")).toBeUndefined();
    expect(await destination.head("folder/a.zip/b")).toBeUndefined();
    await failsWith("NotFound", destination.read("folder", { offset: 0, length: 1 }));
  });
};

const oddNames = [
  "with space and + plus.zip",
  "percent %20 %2F 100%.zip",
  "hash # and ? question & = ; , ! $ @ ( ) [ ] { } ' ` ~ ^.zip",
  "umlaut-äöü-é/ßs/日本語/😀.zip",
  "nested/a/b/c/d/e/f.zip",
  `${"long/".repeat(40)}${"n".repeat(200)}.zip`,
  ".hidden/.dot.zip",
  "UPPER/lower.ZIP",
];

const listsAndRemoves = (context: Context): void => {
  it("takes odd names as they are", async () => {
    const destination = context.destination();
    for (const name of oddNames) await store(destination, name, [Buffer.from(name)]);
    for (const name of oddNames) {
      expect((await readAll(destination, name)).toString()).toBe(name);
      expect((await destination.head(name))?.name).toBe(name);
      expect(await namesOf(destination.list(name))).toEqual([name]);
    }
    for (const name of oddNames) expect(await destination.remove(name)).toBe(true);
    expect(await namesOf(destination.list(""))).toEqual([]);
  });

  it("lists in byte order what begins with the prefix", async () => {
    const destination = context.destination();
    // In UTF-16 the emoji comes before U+FF5E; in bytes it comes after. "-" < "/" < "0" decides between folders and files.
    const names = ["a", "a-b.c", "a-b/c", "a.zip", "a0", "ab", "a~", "b/x", "b/x.y", "b/y/z", "é", "～", "😀", "A"];
    const inOrder = [...names].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    for (const name of names) await store(destination, name, [Buffer.from(name)]);
    expect(await namesOf(destination.list(""))).toEqual(inOrder);
    for (const prefix of ["a", "a-", "a-b/", "b/", "b/x", "b", "nothing", "é", "b/y/z"])
      expect(await namesOf(destination.list(prefix))).toEqual(inOrder.filter((name) => name.startsWith(prefix)));
  });

  it("does not list what is only staged", async () => {
    const destination = context.destination();
    await stageAll(destination, upload, [Buffer.from("staged")]);
    await store(destination, "there.zip", [Buffer.from("there")]);
    expect(await namesOf(destination.list(""))).toEqual(["there.zip"]);
  });

  it("removes once, and says whether it was there", async () => {
    const destination = context.destination();
    await store(destination, "a/b/c.zip", [Buffer.from("content")], { commitid: "old" });
    expect(await destination.remove("a/b/c.zip")).toBe(true);
    expect(await destination.remove("a/b/c.zip")).toBe(false);
    expect(await destination.head("a/b/c.zip")).toBeUndefined();
    expect(await namesOf(destination.list(""))).toEqual([]);
    expect((await store(destination, "a/b/c.zip", [Buffer.from("content")])).metadata).toEqual({});
  });

  it("removes only what is still the same", async () => {
    const destination = context.destination();
    const first = await store(destination, "a.zip", [Buffer.from("content")]);
    await destination.remove("a.zip");
    const second = await store(destination, "a.zip", [Buffer.from("content")]);
    await failsWith("SourceChanged", destination.remove("a.zip", { ifMatch: first.etag }));
    expect(await destination.head("a.zip")).toEqual(second);
    expect(await destination.remove("a.zip", { ifMatch: second.etag })).toBe(true);
    expect(await destination.remove("a.zip", { ifMatch: second.etag })).toBe(false);
  });
};

const badNames = [
  "",
  "/absolute.zip",
  "folder/",
  "a//b",
  "..",
  "../outside.zip",
  "a/../../outside.zip",
  "./a.zip",
  "a/./b",
  "back\\slash",
  "nul\0",
  "line\nbreak",
  "half \ud800 pair",
  "dot.",
  "space ",
  "folder./a",
  ".lifeboat/uploads/x",
  "a/.lifeboat-x",
  "n".repeat(1025),
];

const refusals = (context: Context): void => {
  it.each(badNames.map((name) => [JSON.stringify(name).slice(0, 40), name]))("refuses the name %s", async (_, name) => {
    const destination = context.destination();
    const id = blockId(0, Buffer.from("x"));
    const named = { name, run: "run-1" };
    await failsWith("Invalid", destination.stage(named, id, Buffer.from("x")));
    await failsWith("Invalid", destination.stageCopy(upload, id, { name, etag: "e", offset: 0, length: 1 }));
    await failsWith("Invalid", destination.commit(named, [], {}));
    await failsWith("Invalid", destination.settle(named));
    await failsWith("Invalid", destination.abandon(named));
    await failsWith("Invalid", destination.head(name));
    await failsWith("Invalid", destination.read(name, { offset: 0, length: 0 }));
    await failsWith("Invalid", destination.remove(name));
  });

  it.each(["", "UPPER", "a/b", "..", "r".repeat(101)])("refuses the run %j", async (run) => {
    const destination = context.destination();
    const id = blockId(0, Buffer.from("x"));
    await failsWith("Invalid", destination.stage({ name: "a.zip", run }, id, Buffer.from("x")));
    await failsWith("Invalid", destination.commit({ name: "a.zip", run }, [id], {}));
    await failsWith("Invalid", destination.abandon({ name: "a.zip", run }));
  });

  it.each([
    [{ Upper: "x" }],
    [{ "with-dash": "x" }],
    [{ "1digit": "x" }],
    [{ empty: "" }],
    [{ space: " x" }],
    [{ umlaut: "ü" }],
    [{ line: "a\nb" }],
    [{ large: "x".repeat(2100) }],
  ])("refuses the metadata %j", async (metadata: Readonly<Record<string, string>>) => {
    await failsWith("Invalid", context.destination().commit(upload, [], metadata));
    expect(await context.destination().head(upload.name)).toBeUndefined();
  });

  it("refuses blocks without bytes, foreign ids and impossible ranges", async () => {
    const destination = context.destination();
    const id = blockId(0, Buffer.from("x"));
    const from = { name: "a.zip", etag: "e", offset: 0, length: 1 };
    await failsWith("Invalid", destination.stage(upload, id, Buffer.alloc(0)));
    await failsWith("Invalid", destination.stage(upload, "short" as BlockId, Buffer.from("x")));
    await failsWith("Invalid", destination.commit(upload, [id, "AAAA" as BlockId], {}));
    await failsWith("Invalid", destination.stageCopy(upload, id, { ...from, length: 0 }));
    await failsWith("Invalid", destination.stageCopy(upload, id, { ...from, length: 100 * 1024 * 1024 + 1 }));
    await failsWith("Invalid", destination.stageCopy(upload, id, { ...from, offset: -1 }));
    await failsWith("Invalid", destination.read("a.zip", { offset: -1, length: 1 }));
    await failsWith("Invalid", destination.read("a.zip", { offset: 0, length: 1.5 }));
  });

  it("refuses more blocks than it has room for", async () => {
    const destination = context.destination();
    const ids = Array.from({ length: destination.limits.maxBlocks + 1 }, () => blockId(0, Buffer.from("x")));
    await failsWith("Invalid", destination.commit(upload, ids, {}));
  });

  it("stops when its signal is aborted", async () => {
    const destination = context.destination();
    const { etag } = await store(destination, "a.zip", [Buffer.from("content")]);
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const id = blockId(0, Buffer.from("x"));
    const from = { name: "a.zip", etag, offset: 0, length: 1 };
    await expect(destination.stage(upload, id, Buffer.from("x"), signal)).rejects.toBe(reason);
    await expect(destination.stageCopy(upload, id, from, signal)).rejects.toBe(reason);
    await expect(destination.read("a.zip", { offset: 0, length: 1 }, { signal })).rejects.toBe(reason);
    await expect(destination.commit(upload, [], {}, signal)).rejects.toBe(reason);
    expect(await destination.head(upload.name)).toBeUndefined();
    await failsWith("BlockMissing", destination.commit(upload, [id], {}));
  });
};
