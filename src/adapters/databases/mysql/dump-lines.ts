import { inOwnName } from "./definers.ts";
import { checkedViews } from "./checked-views.ts";
import { disabledEvent } from "./events.ts";
import { withoutOwnName, withoutSequencesDatabase } from "./view-text.ts";
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

const [space, hyphen, slash, capitalA, capitalC, capitalD, capitalU] = [0x20, 0x2d, 0x2f, 0x41, 0x43, 0x44, 0x55];
const closing = Buffer.from("-- Dump completed");
const insert = Buffer.from("INSERT ");
const createTable = Buffer.from("CREATE TABLE ");
const viewBegins = "/*!50001 VIEW ";
/** What the lines begin with that are more than rows. */
const lookedAt: ReadonlySet<number | undefined> = new Set([hyphen, slash, capitalA, capitalC, capitalD, capitalU]);
const maxHeaderBytes = 65_536;

/**
 * A dump, line by line, with no more than one line in memory, and of rows no more than a piece. Rows go through as they are;
 * only lines that may begin an object are looked at.
 */
export const readableDump = (source: AsyncIterable<Uint8Array>, reading: Reading): ReadableDump =>
  new DumpLines(source, reading);

class DumpLines implements ReadableDump {
  readonly #lines: ReturnType<typeof linesOf>;
  readonly #reading: Reading;
  readonly #views = checkedViews();
  readonly #disabledEvents: string[] = [];
  #changedDefiners = 0;
  #database: string | undefined;
  #isWhole = false;
  #firstLine: Buffer | undefined;
  /** A trigger's header that has not ended yet. */
  #header: Buffer | undefined;
  /** Between `DELIMITER ;;` and `DELIMITER ;` stand bodies, which may say anything. */
  #isBody = false;
  /** Columns stand on lines of their own behind `CREATE TABLE`, each begun by spaces. */
  #isTable = false;

  constructor(source: AsyncIterable<Uint8Array>, reading: Reading) {
    this.#lines = linesOf(source, (first) => lookedAt.has(first));
    this.#reading = reading;
  }

  async first(): Promise<string | undefined> {
    const next = await this.#lines.next();
    if (next.done === true) return undefined;
    this.#firstLine = next.value.bytes;
    const text = this.#firstLine.subarray(0, 300).toString("utf8").trimEnd();
    return /^(?:-- Lifeboat:|-- (?:MySQL|MariaDB) dump|\/\*!?M?!999999)/.test(text) ? text : undefined;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#firstLine !== undefined) yield* gathered(this.#outgoing(this.#firstLine));
    yield* gathered(this.#rewritten());
  }

  isWhole(): boolean {
    return this.#isWhole;
  }

  changedDefiners(): number {
    return this.#changedDefiners;
  }

  disabledEvents(): readonly string[] {
    return this.#disabledEvents;
  }

  database(): string | undefined {
    return this.#database;
  }

  *#outgoing(line: Buffer): Generator<Buffer> {
    if (!(this.#reading.dropsSandbox && line.subarray(0, 40).includes("enable the sandbox mode"))) yield line;
  }

  async *#rewritten(): AsyncGenerator<Buffer> {
    for await (const { bytes: line, continues } of this.#lines) {
      if (continues) {
        yield line;
        continue;
      }
      const isClosing = beginsWith(line, closing);
      if (isClosing) yield* this.#views.atLast();
      if (line.length > 1) this.#isWhole = isClosing;
      if (this.#header === undefined && beginsWith(line, insert)) yield* this.#outgoing(line);
      else yield* this.#headed(line);
    }
    if (this.#header !== undefined) yield* this.#outgoing(this.#own(this.#header));
    yield* this.#views.atLast();
  }

  /** A trigger's header may have been typed on many lines: they are looked at together. */
  *#headed(line: Buffer): Generator<Buffer> {
    const all = this.#header === undefined ? line : Buffer.concat([this.#header, line]);
    const mayBegin = all[0] === slash || all[0] === capitalC;
    const isOpen = mayBegin && all.length < maxHeaderBytes && triggerHeader(all.toString("latin1")) === "begun";
    this.#header = isOpen ? all : undefined;
    if (!isOpen) yield* this.#outgoing(this.#views.inPlace(this.#own(all)));
  }

  #own(line: Buffer): Buffer {
    if (line[0] === space) return this.#isTable ? this.#ofColumn(line) : line;
    this.#isTable = !this.#isBody && beginsWith(line, createTable);
    if (line[0] === capitalA) return ofDefault(line);
    if (line[0] === hyphen) this.#database ??= databaseIn(line);
    this.#refuseLeaving(line);
    if (line[0] !== slash && line[0] !== capitalC) return line;
    // Bytes, not characters: a body may be in any character set.
    const text = line.toString("latin1");
    const event = disabledEvent(text);
    if (event !== undefined) this.#disabledEvents.push(event.name);
    const quiet = event?.line ?? (text.startsWith(viewBegins) ? this.#ofView(text) : withoutDatabase(text));
    const { soleDefiner } = this.#reading;
    const named = soleDefiner === undefined ? undefined : inOwnName(quiet, soleDefiner);
    if (named !== undefined) this.#changedDefiners++;
    return named === undefined && quiet === text ? line : Buffer.from(named ?? quiet, "latin1");
  }

  #refuseLeaving(line: Buffer): void {
    if (line[0] !== capitalD && line[0] !== capitalU && line[0] !== capitalC) return;
    const text = line.subarray(0, 300).toString("latin1").trimEnd();
    if (text.startsWith("DELIMITER ")) this.#isBody = text !== "DELIMITER ;";
    else if (!this.#isBody && leaves.test(text)) throw this.#reading.leaving(text);
  }

  #ofColumn(line: Buffer): Buffer {
    if (this.#database === undefined || !line.includes("val(`")) return line;
    return Buffer.from(withoutSequencesDatabase(line.toString("latin1"), bytesOf(this.#database)), "latin1");
  }

  #ofView(text: string): string {
    return this.#database === undefined ? text : withoutOwnName(text, bytesOf(this.#database));
  }
}

/** Names are UTF-8 in lines that are read byte by byte. */
const bytesOf = (database: string): string => Buffer.from(database, "utf8").toString("latin1");

const beginsWith = (line: Buffer, start: Buffer): boolean => line.subarray(0, start.length).equals(start);

/** What the tool's heading says was dumped. */
const databaseIn = (comment: Buffer): string | undefined =>
  /^-- Host: .*? {4}Database: (.+?)\s*$/.exec(comment.subarray(0, 600).toString("utf8"))?.[1];

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
