import { databaseLabel, DatabaseFailure } from "../../../domain/database.ts";
import type { LoadReport } from "../../../ports/database-tool.ts";
import { literalPattern } from "../literal-pattern.ts";
import { definersNote, missingDefiners, missingDefinersNote, soleDefiner } from "./definers.ts";
import { headingPattern } from "./dump.ts";
import { readableDump } from "./dump-lines.ts";
import { disableEvents, noteEvents } from "./events.ts";
import { name } from "./names.ts";
import { defineObjects, pastNotes } from "./objects.ts";
import { clientOptions } from "./read-rows.ts";
import type { Session } from "./session.ts";

/** Makes the database `scratch` out of a dump. */
export const loadDatabase = async (
  session: Session,
  scratch: string,
  dump: AsyncIterable<Uint8Array>,
): Promise<LoadReport> => {
  const sole = await soleDefiner(session);
  const dropsSandbox = session.programs.client.vendor === "MySQL";
  const lines = readableDump(dump, { soleDefiner: sole, dropsSandbox, leaving: (text) => leaving(session, text) });
  const first = await lines.first();
  if (first === undefined) throw damaged(session, "it is no dump of mysqldump or mariadb-dump");
  const options = headingPattern.exec(first)?.[1] ?? "";
  await session.results([`DROP DATABASE IF EXISTS ${name(scratch)}`, `CREATE DATABASE ${name(scratch)} ${options}`]);
  await feed(session, scratch, lines.rest());
  if (!lines.isWhole()) throw damaged(session, "it is cut off");
  const asleep = lines.disabledEvents().map((event) => ({ kind: "EVENT", name: event }) as const);
  const past = await pastNotes(session, scratch, asleep);
  await noteEvents(session, scratch, [...lines.disabledEvents(), ...(await disableEvents(session, scratch))]);
  const definers = lines.changedDefiners() === 0 ? [] : [definersNote(lines.changedDefiners())];
  const missing = await missingDefiners(session, scratch);
  if (missing.size > 0) definers.push(missingDefinersNote(missing));
  return { notes: [...definers, ...past, ...(await namingNotes(session, scratch, lines.database()))] };
};

const feed = async (session: Session, scratch: string, input: AsyncIterable<Uint8Array>): Promise<void> => {
  const args = [...clientOptions, `--database=${scratch}`];
  for await (const _ of session.stream(session.programs.client, { args, input })) {
    // What the client prints while it loads says nothing.
  }
};

/** In bodies a database's name stays as it was typed: what comes back under another name goes on to use the first. */
const namingNotes = async (
  session: Session,
  scratch: string,
  dumped: string | undefined,
): Promise<readonly string[]> => {
  if (dumped === undefined || dumped === session.connection.database) return [];
  const plain = literalPattern(dumped);
  const named = new RegExp(`(?:\`${plain}\`|(?<![\\w$.\`])${plain})\\s*\\.\\s*[\`\\w$]`, "i");
  const found = (await defineObjects(session, scratch)).filter(({ sql }) => named.test(sql));
  if (found.length === 0) return [];
  const some = found.slice(0, 10).map(({ kind, name: object }) => `${kind.toLowerCase()} ${object}`);
  return [
    `${found.length} triggers, views, routines or events name the database ${dumped} in their text, and go on to use that one: ${some.join(", ")}.`,
  ];
};

const damaged = ({ connection }: Session, reason: string): DatabaseFailure =>
  new DatabaseFailure(
    "DumpDamaged",
    `The dump for ${databaseLabel(connection)} cannot be loaded: ${reason}. Restore another backup.`,
  );

const leaving = ({ connection }: Session, statement: string): DatabaseFailure =>
  new DatabaseFailure(
    "DumpDamaged",
    `The dump for ${databaseLabel(connection)} chooses its database by itself (${statement.slice(0, 100)}), and would be loaded there and not beside it. Dump one database without --databases, or look through it and load it by hand.`,
  );
