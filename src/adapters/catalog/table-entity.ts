import type { TableEntityResult, TransactionAction } from "@azure/data-tables";
import type { Row } from "../../ports/catalog.ts";
import { fromText, type TextChange } from "./rows.ts";

/** A row as an entity: `batch` names the write it came from, its JSON text lies in `value0`, `value1` ... */

/** A string property holds 64 KiB, which is 32 Ki UTF-16 units. */
const maxPropertyUnits = 32_000;

export type Entity = TableEntityResult<Record<string, unknown>>;

export const toAction = (partition: string, change: TextChange, batch: string): TransactionAction => {
  const keys = { partitionKey: partition, rowKey: change.key };
  if (change.kind === "remove") return ["delete", keys];
  const entity = { ...keys, batch, ...toProperties(change.text) };
  switch (change.kind) {
    case "insert":
      return ["create", entity];
    case "put":
      return ["upsert", entity, "Replace"];
    case "replace":
      return ["update", entity, "Replace", { etag: change.version }];
  }
};

const toProperties = (text: string): Record<string, string> => {
  const properties: Record<string, string> = {};
  for (let start = 0, index = 0; start < text.length; index++) {
    let end = Math.min(start + maxPropertyUnits, text.length);
    // Half of a surrogate pair is no text that a request could carry.
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end--;
    properties[`value${index}`] = text.slice(start, end);
    start = end;
  }
  return properties;
};

export const toRow = (entity: Entity): Row => {
  const key = String(entity.rowKey);
  let text = "";
  for (let index = 0; typeof entity[`value${index}`] === "string"; index++) text += String(entity[`value${index}`]);
  if (text === "")
    throw new Error(`The table holds a row ${key} that Lifeboat did not write. Give Lifeboat its own table.`);
  return { key, value: fromText(text), version: entity.etag };
};
