import type { RowChange, RowValue } from "../../ports/catalog.ts";

/** Writes a row as it was read: at this version, or not there at all. A conflict when somebody else was faster. */
export const writeRow = (key: string, value: RowValue, version: string | undefined): RowChange =>
  version === undefined ? { kind: "insert", key, value } : { kind: "replace", key, value, version };
