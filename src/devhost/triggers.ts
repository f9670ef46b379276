import type { RegisteredFunction } from "./core.ts";
import type { BindingInfo, InvocationRequest, TypedData } from "./core-types.ts";

export type Trigger = { readonly name: string; readonly binding: BindingInfo };

/** The binding that makes a function run: its name in the metadata, and its settings. */
export const triggerOf = ({ metadata }: RegisteredFunction): Trigger => {
  const found = Object.entries(metadata.bindings).find(([, { type }]) => type.toLowerCase().endsWith("trigger"));
  if (!found) throw new Error(`Function ${metadata.name} has no trigger.`);
  return { name: found[0], binding: found[1] };
};

/** The durable client inputs of a function, whose value the host fills in. */
export const clientInputsOf = ({ metadata }: RegisteredFunction): readonly string[] =>
  Object.entries(metadata.bindings)
    .filter(([, { type }]) => type === "durableClient" || type === "orchestrationClient")
    .map(([name]) => name);

/** What a function is called with: its trigger's data, and the durable client where it asks for one. */
export const inputsOf = (
  { triggerName, clientInputs }: { readonly triggerName: string; readonly clientInputs: readonly string[] },
  data: TypedData,
  clientBinding: () => string,
): InvocationRequest["inputData"] => [
  { name: triggerName, data },
  ...clientInputs.map((name) => ({ name, data: { string: clientBinding() } })),
];

/** Compares function names as the host does: ordinal, ignoring letter case (`-` and digits first, `_` after letters). */
export const compareNames = (left: string, right: string): number => {
  const [a, b] = [left.toUpperCase(), right.toUpperCase()];
  return a < b ? -1 : a > b ? 1 : 0;
};
