import type { ZodType } from "zod";
import type { Catalog, Row } from "../../ports/catalog.ts";
import type { Call } from "../../ports/call.ts";

interface NoteOf<Value> {
  readonly partition: string;
  readonly key: string;
  readonly form: ZodType<Value>;
}

interface Note<Value> {
  /** Undefined when there is none, or none that can be understood. */
  readonly value: Value | undefined;
  /** As it stands there. */
  readonly row: Row | undefined;
  readonly isUnreadable: boolean;
}

/** What timers noted for their next round. */
export const readNote = async <Value>(
  catalog: Catalog,
  { partition, key, form }: NoteOf<Value>,
): Promise<Note<Value>> => {
  const row = await catalog.get(partition, key);
  const value = row && form.safeParse(row.value).data;
  return { value, row, isUnreadable: row !== undefined && value === undefined };
};

/** As above, for a timer: it goes on without a note that cannot be understood, says so, and is to write a new one. */
export const readNoteOfTimer = async <Value>(
  catalog: Catalog,
  { log }: Pick<Call, "log">,
  of: NoteOf<Value>,
): Promise<Note<Value>> => {
  const note = await readNote(catalog, of);
  if (note.isUnreadable)
    log.error("what housekeeping had noted cannot be read; it is written anew", { row: `${of.partition} ${of.key}` });
  return note;
};
