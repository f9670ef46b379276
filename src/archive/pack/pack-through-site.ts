import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import type { PackContext } from "./pack-context.ts";
import type { PackedSlice } from "../threads/pack-jobs.ts";
import { readPart } from "../listing/read-carefully.ts";

/** Reads a slice through the site and packs it. */
export const packThroughSite = async (
  context: PackContext,
  listed: ListedEntry,
  range: { readonly offset: number; readonly length: number },
): Promise<PackedSlice | LeftOut> => {
  const { site, runner, signal, spare } = context;
  const content = await readPart(site, listed, { ...range, signal });
  if ("reason" in content) return content;
  // A copy: the site may want to keep its own.
  const from = { content: Uint8Array.from(content) };
  const { slice } = await runner.run("packSlice", { level: runner.level, from, ...spare.take() }, signal);
  if (slice === undefined) throw new Error("A slice whose content was given has not been packed.");
  return slice;
};
