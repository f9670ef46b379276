import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import type { BytePath } from "../../../src/domain/byte-path.ts";
import type { Destination } from "../../../src/ports/destination.ts";
import { soundContents } from "../../support/archive-contents.ts";
import { noise } from "../../support/contents.ts";
import { temporaryFolder } from "../../support/file-tree.ts";
import { packArchive } from "../../support/pack-archive.ts";
import { reuseArchive } from "../../support/reuse-archive.ts";

const runs = Math.min(Number(process.env["LIFEBOAT_FUZZ"] ?? 6), 500);
const paths = ["a", "b", "d/x", "d/y", "d/e/z", "ü", "d!", "latin-\xe9"].map((name) => name as BytePath);
const sizes = [0, 10, 3_000, 70_000, 300_000];

const startNs = 1_700_000_000_000_000_000n;
/** Times that tools put back: within one second, within two, and further apart. */
const fixedTimesNs = [0n, 300_000_000n, 1_000_000_000n, 9_000_000_000n].map((later) => startNs - 10n ** 12n + later);

interface Write {
  readonly path: BytePath;
  readonly size: number;
  readonly seed: number;
  readonly mode: number;
  /** Put back, as tools that unpack do. */
  readonly mtimeNs: bigint | undefined;
}

type Edit =
  | ({ readonly kind: "write" } & Write)
  | { readonly kind: "remove" | "folder"; readonly path: BytePath }
  | { readonly kind: "link"; readonly path: BytePath; readonly target: BytePath }
  | { readonly kind: "move"; readonly from: BytePath; readonly to: BytePath }
  | { readonly kind: "wait"; readonly ns: bigint };

const onePath = fc.constantFrom(...paths);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      path: onePath,
      size: fc.constantFrom(...sizes),
      // Few seeds: files of equal length, and the same content again, are what matters.
      seed: fc.integer({ min: 1, max: 3 }),
      mode: fc.constantFrom(0o644, 0o600),
      mtimeNs: fc.constantFrom(undefined, ...fixedTimesNs),
    }),
  },
  fc.record({ kind: fc.constantFrom("remove" as const, "folder" as const), path: onePath }),
  fc.record({ kind: fc.constant("link" as const), path: onePath, target: onePath }),
  fc.record({ kind: fc.constant("move" as const), from: onePath, to: onePath }),
  fc.record({
    kind: fc.constant("wait" as const),
    ns: fc.constantFrom(1n, 1_000_000n, 900_000_000n, 1_100_000_000n, 61_000_000_000n),
  }),
);

/** A site whose clock stands still between edits: what happens within a tick of it is the hard part. */
class EditedSite {
  readonly site: MemorySite;
  readonly #files = new Map<BytePath, { readonly content: Buffer; readonly write: Write }>();
  #nowNs = startNs;

  constructor(host: { readonly granularityNs: bigint; readonly provesUnchanged: boolean }) {
    this.site = new MemorySite({ ...host, nowNs: () => this.#nowNs });
  }

  apply(one: Edit): void {
    if (one.kind === "wait") this.#nowNs += one.ns;
    else if (one.kind === "write") this.#write(one.path, { content: noise(one.size, one.seed), write: one });
    else if (one.kind === "move") this.#move(one.from, one.to);
    else {
      this.#forget(one.path);
      this.site.remove(one.path);
      if (one.kind === "folder") this.site.makeDirectory(one.path);
      if (one.kind === "link") this.site.makeLink(one.path, one.target);
    }
  }

  #write(path: BytePath, file: { readonly content: Buffer; readonly write: Write }): void {
    this.#files.set(path, file);
    const { mode, mtimeNs } = file.write;
    this.site.writeFile(path, file.content, { mode, ...(mtimeNs === undefined ? {} : { mtimeNs }) });
  }

  #move(from: BytePath, to: BytePath): void {
    const file = this.#files.get(from);
    if (file === undefined) return;
    this.#forget(from);
    this.site.remove(from);
    this.#write(to, file);
  }

  #forget(path: BytePath): void {
    for (const known of this.#files.keys())
      if (known === path || known.startsWith(`${path}/`)) this.#files.delete(known);
  }
}

const folder = temporaryFolder();
afterAll(() => folder.remove());
let made = 0;

const destinations: readonly (readonly [string, () => Destination])[] = [
  ["that copies by itself", () => memoryDestination()],
  ["that appends to one file", () => directoryDestination(`${folder.path}/${made++}`, { isMade: true })],
];
const hosts = [
  { granularityNs: 1n, provesUnchanged: true },
  { granularityNs: 2_000_000_000n, provesUnchanged: true },
  { granularityNs: 1n, provesUnchanged: false },
  { granularityNs: 2_000_000_000n, provesUnchanged: false },
];

const initial: readonly Edit[] = paths.map((path, index) => ({
  kind: "write",
  path,
  size: sizes[index % sizes.length] ?? 0,
  seed: 1,
  mode: 0o644,
  mtimeNs: index % 2 === 0 ? fixedTimesNs[0] : undefined,
}));

describe.each(destinations)("in a destination %s", (_name, makeDestination) => {
  it.each(hosts)(
    "an archive made by reuse equals one packed from scratch, after any edits (ticks of $granularityNs ns, ctime: $provesUnchanged)",
    async (host) => {
      const script = fc.array(fc.array(edit, { maxLength: 6 }), { minLength: 1, maxLength: 3 });
      let copied = 0;
      await fc.assert(
        fc.asyncProperty(script, fc.integer({ min: 1, max: 3 }), fc.boolean(), async (rounds, every, isCut) => {
          const edited = new EditedSite(host);
          for (const one of [...initial, { kind: "wait", ns: 61_000_000_000n } as const]) edited.apply(one);
          const destination = makeDestination();
          const options = { site: edited.site, destination, blockBytes: 2 ** 16 };
          let previous = { name: "0.zip", commitId: (await packArchive({ ...options, name: "0.zip" })).commitId };
          for (const [index, edits] of rounds.entries()) {
            for (const one of edits) edited.apply(one);
            const name = `${index + 1}.zip`;
            const reread = { run: index + 1, every };
            const cut = isCut ? { copyLimits: { sizeBytes: 200_000, entries: 3 } } : {};
            const reused = await reuseArchive({ ...options, ...cut, previous, name, reread });
            await packArchive({ ...options, name: "scratch.zip" });
            expect(await soundContents(destination, name)).toEqual(await soundContents(destination, "scratch.zip"));
            await destination.remove("scratch.zip");
            expect([reused.damaged, reused.plan.disagreed]).toEqual([[], []]);
            copied += reused.plan.copied;
            previous = { name, commitId: reused.commitId };
          }
        }),
        { numRuns: runs },
      );
      // It is reuse that was tried, not packing.
      expect(copied).toBeGreaterThan(runs);
    },
    600_000,
  );
});
