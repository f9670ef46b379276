import type { KeyRange, RowChange, RowValue } from "../../ports/catalog.ts";
import { StoreFailure } from "../../domain/store-failure.ts";

/** What every catalog accepts, and how a row's value becomes text. */

const maxKeyLength = 500;
const maxRowBytes = 400 * 1024;
const maxBatchBytes = 3 * 1024 * 1024;
const maxChanges = 100;

/** A change that has been checked, with its value as JSON text. */
export type TextChange =
  | { readonly kind: "insert"; readonly key: string; readonly text: string }
  | { readonly kind: "put"; readonly key: string; readonly text: string }
  | { readonly kind: "replace"; readonly key: string; readonly text: string; readonly version: string }
  | { readonly kind: "remove"; readonly key: string; readonly version?: string };

/** Whether a change cannot be made, given the version of the row that is there now. */
export const conflicts = (change: TextChange, present: string | undefined): boolean => {
  switch (change.kind) {
    case "insert":
      return present !== undefined;
    case "put":
      return false;
    case "replace":
      return present !== change.version;
    case "remove":
      return change.version !== undefined && present !== change.version;
  }
};

/** Throws StoreFailure "Invalid" for what the port does not allow, so that no catalog takes what another would refuse. */
export const checkedChanges = (partition: string, changes: readonly RowChange[]): readonly TextChange[] => {
  if (changes.length > maxChanges)
    throw invalid(`${changes.length} changes in one batch of ${partition}; split them into batches of ${maxChanges}.`);
  const keys = new Set<string>();
  let batchBytes = 0;
  const checked = changes.map((change) => {
    checkName("key", change.key);
    if (keys.has(change.key)) throw invalid(`${partition}: one batch changes ${change.key} twice.`);
    keys.add(change.key);
    if (change.kind === "remove") return change;
    const text = toText(`${partition}: ${change.key}`, change.value);
    batchBytes += bytesOnTheWire(text);
    return change.kind === "replace"
      ? { kind: change.kind, key: change.key, text, version: change.version }
      : { kind: change.kind, key: change.key, text };
  });
  if (batchBytes > maxBatchBytes)
    throw invalid(`One batch of ${partition} holds ${batchBytes} bytes; ${maxBatchBytes} is the most.`);
  return checked;
};

/** The same rule for both. */
export const checkName = (what: "partition" | "key", name: string): void => {
  if (name.length > maxKeyLength || !/^[ -~]+$/.test(name) || /[/\\#?%]/.test(name))
    throw invalid(`${JSON.stringify(name)} cannot be a ${what} of the catalog.`);
};

const toText = (row: string, value: RowValue): string => {
  const fault = faultOf(value, "value");
  if (fault !== undefined) throw invalid(`${row}: ${fault}`);
  const text = JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufffe\uffff]/g, escaped);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxRowBytes) throw invalid(`${row}: the row holds ${bytes} bytes; ${maxRowBytes} is the most.`);
  return text;
};

/** Characters that XML or line-wise readers on the way trip over; inside JSON they stand only in strings. */
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** The first thing that would come back as something else (a Secret, a Date, NaN), named by its path. Undefined: absent. */
const faultOf = (value: unknown, path: string): string | undefined => {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `${path} is ${value}, which JSON lacks.`;
  if (typeof value !== "object") return `${path} is ${typeof value}, which JSON lacks.`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null)
    return `${path} is an object of a class, which JSON cannot bring back.`;
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined && !Array.isArray(value)) continue;
    const fault = faultOf(inner, `${path}.${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

/** UTF-8 bytes of the text as a JSON string: Table Storage carries it so, and takes 4 MiB in all. */
const bytesOnTheWire = (text: string): number => Buffer.byteLength(text) + (text.match(/["\\]/g)?.length ?? 0);

export const fromText = (text: string): RowValue => {
  // Only toText writes this text, and it takes objects alone.
  return JSON.parse(text) as RowValue;
};

/** The range as a half-open interval of keys. Undefined: no upper end. */
export const interval = (range: KeyRange = {}): { readonly from: string; readonly before: string | undefined } => {
  const { prefix = "", from = "", before } = range;
  const end = afterPrefix(prefix);
  return {
    from: from > prefix ? from : prefix,
    before: before === undefined || (end !== undefined && end < before) ? end : before,
  };
};

/** The first string behind all that start with the prefix. */
const afterPrefix = (prefix: string): string | undefined => {
  if (prefix === "") return undefined;
  const head = prefix.slice(0, -1);
  return head + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
};

const invalid = (message: string): StoreFailure => new StoreFailure("Invalid", message);
