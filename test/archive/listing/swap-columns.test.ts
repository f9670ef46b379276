import { describe, expect, it } from "vitest";
import { SwapColumns } from "../../../src/archive/listing/swap-columns.ts";
import { pathFromText as path, type BytePath } from "../../../src/domain/byte-path.ts";
import type { SwapOperation } from "../../../src/ports/site-host.ts";

const operations: readonly SwapOperation[] = [
  { kind: "remove", path: path("gone/a") },
  { kind: "removeDirectory", path: path("gone") },
  { kind: "makeDirectory", path: path("new") },
  { kind: "place", path: path("new/b"), attempt: "first" },
  { kind: "place", path: "caf\xe9 \xff" as BytePath, attempt: "second" },
  {
    kind: "setMetadata",
    entry: {
      path: path("new"),
      kind: "directory",
      sizeBytes: 0,
      mode: 0o2750,
      uid: 33,
      gid: 34,
      owner: "www-data",
      mtimeNs: 1_700_000_000_123_456_789n,
    },
  },
];

describe("the operations of a swap", () => {
  it("come back as they were and in their order", () => {
    const columns = SwapColumns.decode(SwapColumns.of(operations).encode());
    expect([...columns.operations()]).toEqual(operations);
  });

  it("may be none, and may be many", () => {
    expect(SwapColumns.decode(SwapColumns.of([]).encode()).length).toBe(0);
    const many = function* (): Generator<SwapOperation> {
      for (let number = 0; number < 20_000; number++) yield { kind: "remove", path: path(`folder/${number}`) };
    };
    const columns = SwapColumns.decode(SwapColumns.of(many()).encode());
    expect(columns.length).toBe(20_000);
    expect([...columns.operations()].at(-1)).toEqual({ kind: "remove", path: "folder/19999" });
  });
});
