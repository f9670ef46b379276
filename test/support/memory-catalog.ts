import { StoreFailure } from "../../src/domain/store-failure.ts";
import type { Catalog, KeyRange, Row, RowChange, RowValue } from "../../src/ports/catalog.ts";
import { checkedChanges, checkName, conflicts, fromText, interval } from "../../src/adapters/catalog/rows.ts";

interface Stored {
  readonly text: string;
  readonly version: string;
}

/** A catalog that lasts as long as the process: for tests. */
export class MemoryCatalog implements Catalog {
  readonly #partitions = new Map<string, Map<string, Stored>>();
  #writes = 0;
  #isClosed = false;

  async get(partition: string, key: string): Promise<Row | undefined> {
    checkName("key", key);
    const stored = this.#rows(partition).get(key);
    return stored && rowOf(key, stored);
  }

  async list(partition: string, range: KeyRange = {}): Promise<readonly Row[]> {
    const { from, before } = interval(range);
    return [...this.#rows(partition)]
      .filter(([key]) => key >= from && (before === undefined || key < before))
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .slice(0, range.limit)
      .map(([key, stored]) => rowOf(key, stored));
  }

  async write(partition: string, changes: readonly RowChange[]): Promise<boolean> {
    const checked = checkedChanges(partition, changes);
    const rows = this.#rows(partition);
    if (checked.some((change) => conflicts(change, rows.get(change.key)?.version))) return false;
    this.#partitions.set(partition, rows);
    const version = String(++this.#writes);
    for (const change of checked) {
      if (change.kind === "remove") rows.delete(change.key);
      else rows.set(change.key, { text: change.text, version });
    }
    return true;
  }

  async writeNews(
    partition: string,
    { key, value }: { readonly key: string; readonly value: RowValue },
  ): Promise<void> {
    await this.write(partition, [{ kind: "put", key, value }]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #rows(partition: string): Map<string, Stored> {
    if (this.#isClosed) throw new StoreFailure("Unavailable", "The catalog is closed.");
    checkName("partition", partition);
    return this.#partitions.get(partition) ?? new Map<string, Stored>();
  }
}

const rowOf = (key: string, { text, version }: Stored): Row => ({ key, value: fromText(text), version });
