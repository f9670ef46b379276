import { inOwnName } from "./definers.ts";
import { checkedViews } from "./checked-views.ts";
import { disabledEvent } from "./events.ts";
import { withoutOwnName } from "./view-text.ts";
import { linesOf } from "./lines-of.ts";
import { triggerHeader, withoutDatabase } from "./trigger-header.ts";

interface Reading {
  /** Whom the loading user may name as definer; undefined: everybody. */
  readonly soleDefiner: string | undefined;
  /** MySQL's client trips over the first line of MariaDB's newer dumps. */
  readonly dropsSandbox: boolean;
  /** What to throw for a statement that leaves the database that is loaded. */
  readonly leaving: (statement: string) => Error;
}

interface ReadableDump {
  /** The first line; undefined when this is no dump at all. Asked once, before the rest. */
  first(): Promise<string | undefined>;
  /** The whole dump, first line included, as it is to be loaded. */
  rest(): AsyncIterable<Uint8Array>;
  /** Whether the tool's closing line was there; to be asked at the end. */
  isWhole(): boolean;
  changedDefiners(): number;
  /** Those that run by themselves in what was dumped. */
  disabledEvents(): readonly string[];
  /** What was dumped, where the tool's heading tells it. */
  database(): string | undefined;
}

const hyphen = 0x2d;
const slash = 0x2f;
const capitalA = 0x41;
const capitalC = 0x43;
const closing = Buffer.from("-- Dump completed");
const insert = Buffer.from("INSERT ");
const viewBegins = "/*!50001 VIEW ";
/** What the lines begin with that are more than rows. */
const lookedAt: ReadonlySet<number> = new Set(Buffer.from("/CADU-"));
const maxHeaderBytes = 65_536;

/**
 * A dump, line by line, with no more than one line in memory, and of rows no more than a piece. Rows go through as they are; only lines that may begin an object
 * are looked at.
 */
export const readableDump = (source: AsyncIterable<Uint8Array>, reading: Reading): ReadableDump => {
  const lines = linesOf(source, (first) => lookedAt.has(first));
  const state: {
    whole: boolean;
    changed: number;
    events: string[];
    isBody: boolean;
    open?: Buffer | undefined;
    database?: string;
  } = {
    whole: false,
    changed: 0,
    events: [],
    isBody: false,
  };
  const views = checkedViews();
  let begun: Buffer | undefined;
  return {
    async first() {
      const next = await lines.next();
      if (next.done === true) return undefined;
      begun = next.value.bytes;
      const text = begun.subarray(0, 300).toString("utf8").trimEnd();
      return /^(?:-- Lifeboat:|-- (?:MySQL|MariaDB) dump|\/\*!?M?!999999)/.test(text) ? text : undefined;
    },
    async *rest() {
      if (begun !== undefined) yield* gathered(outgoing(begun));
      yield* gathered(rewritten());
    },
    isWhole: () => state.whole,
    changedDefiners: () => state.changed,
    disabledEvents: () => state.events,
    database: () => state.database,
  };

  function* outgoing(line: Buffer): Generator<Buffer> {
    if (!(reading.dropsSandbox && line.subarray(0, 40).includes("enable the sandbox mode"))) yield line;
  }

  async function* rewritten(): AsyncGenerator<Buffer> {
    for await (const { bytes: line, continues } of lines) {
      if (continues) {
        yield line;
        continue;
      }
      if (line.subarray(0, closing.length).equals(closing)) yield* views.atLast();
      if (line.length > 1) state.whole = line.subarray(0, closing.length).equals(closing);
      if (state.open === undefined && line.subarray(0, insert.length).equals(insert)) yield* outgoing(line);
      else yield* headed(line);
    }
    if (state.open !== undefined) yield* outgoing(own(state.open));
    yield* views.atLast();
  }

  /** A trigger's header may have been typed on many lines: they are looked at together. */
  function* headed(line: Buffer): Generator<Buffer> {
    const all = state.open === undefined ? line : Buffer.concat([state.open, line]);
    const mayBegin = all[0] === slash || all[0] === capitalC;
    const isOpen = mayBegin && all.length < maxHeaderBytes && triggerHeader(all.toString("latin1")) === "begun";
    state.open = isOpen ? all : undefined;
    if (!isOpen) yield* outgoing(views.inPlace(own(all)));
  }

  function ofView(text: string): string {
    if (state.database === undefined) return text;
    return withoutOwnName(text, Buffer.from(state.database, "utf8").toString("latin1"));
  }

  function readHeading(line: Buffer): void {
    const found = /^-- Host: .*? {4}Database: (.+?)\s*$/.exec(line.subarray(0, 600).toString("utf8"))?.[1];
    if (found !== undefined) state.database ??= found;
  }

  /** Between `DELIMITER ;;` and `DELIMITER ;` stand bodies, which may say anything. */
  function refuseLeaving(line: Buffer): void {
    if (line[0] !== capitalD && line[0] !== capitalU && line[0] !== capitalC) return;
    const text = line.subarray(0, 300).toString("latin1").trimEnd();
    if (text.startsWith("DELIMITER ")) state.isBody = text !== "DELIMITER ;";
    else if (!state.isBody && leaves.test(text)) throw reading.leaving(text);
  }

  function own(line: Buffer): Buffer {
    if (line[0] === capitalA) return ofDefault(line);
    if (line[0] === hyphen) readHeading(line);
    refuseLeaving(line);
    if (line[0] !== slash && line[0] !== capitalC) return line;
    // Bytes, not characters: a body may be in any character set.
    const text = line.toString("latin1");
    const event = disabledEvent(text);
    if (event !== undefined) state.events.push(event.name);
    const quiet = event?.line ?? (text.startsWith(viewBegins) ? ofView(text) : withoutDatabase(text));
    const named = reading.soleDefiner === undefined ? undefined : inOwnName(quiet, reading.soleDefiner);
    if (named !== undefined) state.changed++;
    return named === undefined && quiet === text ? line : Buffer.from(named ?? quiet, "latin1");
  }
};

const capitalD = 0x44;
const capitalU = 0x55;
/** As `mysqldump --databases` writes them, each on a line of its own. */
const leaves = /^(?:USE [`"\w]|CREATE (?:DATABASE|SCHEMA) )/;

const alterDatabase = /^ALTER DATABASE (?:`(?:[^`]|``)*`|"(?:[^"]|"")*") (CHARACTER SET \w+ COLLATE \w+ ;;?\s*)$/;

/**
 * Around objects that were made under another collation the tools write `ALTER DATABASE` with the dumped database's name,
 * which is the live one's: without a name it means the one that is loaded.
 */
const ofDefault = (line: Buffer): Buffer => {
  const rest = alterDatabase.exec(line.toString("latin1"))?.[1];
  return rest === undefined ? line : Buffer.from(`ALTER DATABASE ${rest}`, "latin1");
};

const gatheredBytes = 256 * 1024;

/** Small lines joined into pieces worth a write. */
async function* gathered(lines: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Uint8Array> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const line of lines) {
    pieces.push(Buffer.from(line));
    size += line.length;
    if (size < gatheredBytes) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(pieces);
}
