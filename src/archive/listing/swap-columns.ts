import type { BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import type { SwapOperation } from "../../ports/site-host.ts";
import { ArchiveInvalid } from "../archive-invalid.ts";
import { ByteReader, ByteWriter } from "../records/little-endian.ts";
import { ListingColumns } from "./listing-columns.ts";
import { listingBytes, listingFromBytes } from "./listing-encoding.ts";

const kinds: readonly SwapOperation["kind"][] = ["place", "remove", "makeDirectory", "removeDirectory", "setMetadata"];

/** The operations of a swap as columns, in order: a byte and a listing's row each, whatever their number. */
export class SwapColumns {
  readonly #attempts: string[];
  readonly #rows: ListingColumns;
  #codes: Uint8Array<ArrayBuffer>;

  constructor(attempts: readonly string[] = [], rows = new ListingColumns(), codes = new Uint8Array(1024)) {
    this.#attempts = [...attempts];
    this.#rows = rows;
    this.#codes = codes;
  }

  static of(operations: Iterable<SwapOperation>): SwapColumns {
    const columns = new SwapColumns();
    for (const operation of operations) columns.#append(operation);
    return columns;
  }

  get length(): number {
    return this.#rows.length;
  }

  *operations(): Generator<SwapOperation> {
    for (let place = 0; place < this.length; place++) yield this.#at(place);
  }

  encode(): Buffer {
    const attempts = Buffer.from(JSON.stringify(this.#attempts), "utf8");
    const head = new ByteWriter(Buffer.allocUnsafe(8)).u32(attempts.length).u32(this.length).bytes;
    return Buffer.concat([head, attempts, this.#codes.subarray(0, this.length), listingBytes(this.#rows)]);
  }

  static decode(bytes: Uint8Array): SwapColumns {
    const fields = new ByteReader(bytes);
    const [attemptBytes, length] = [fields.u32(), fields.u32()];
    const attempts: unknown = JSON.parse(fields.bytes(attemptBytes).toString("utf8"));
    const codes = Uint8Array.from(fields.bytes(length));
    const rows = listingFromBytes(fields.bytes(fields.left));
    if (rows.length !== length || !Array.isArray(attempts) || !attempts.every((one) => typeof one === "string"))
      throw new ArchiveInvalid("BadRecord", "The operations of a swap are not as they should be.");
    return new SwapColumns(attempts, rows, codes);
  }

  #append(operation: SwapOperation): void {
    const place = this.length;
    if (place === this.#codes.length) this.#codes = grown(this.#codes);
    const attempt = operation.kind === "place" ? this.#attemptNumber(operation.attempt) : 0;
    this.#codes[place] = kinds.indexOf(operation.kind) | (attempt << 3);
    this.#rows.append(operation.kind === "setMetadata" ? operation.entry : plainEntry(operation.path));
  }

  #attemptNumber(attempt: string): number {
    const known = this.#attempts.indexOf(attempt);
    return known >= 0 ? known : this.#attempts.push(attempt) - 1;
  }

  #at(place: number): SwapOperation {
    const code = this.#codes[place] ?? 0;
    const kind = kinds[code & 7];
    const entry = this.#rows.at(place);
    if (kind === undefined) throw new ArchiveInvalid("BadRecord", "A swap has an operation of no kind.");
    if (kind === "setMetadata") return { kind, entry };
    if (kind === "place") return { kind, path: entry.path, attempt: this.#attempts[code >>> 3] ?? "" };
    return { kind, path: entry.path };
  }
}

const plainEntry = (path: BytePath): ListedEntry => ({
  path,
  kind: "file",
  sizeBytes: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
});

const grown = (codes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const larger = new Uint8Array(codes.length * 2);
  larger.set(codes);
  return larger;
};
