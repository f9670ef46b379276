import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { inflateRawSync } from "node:zlib";

/** A secret that a test plants, to look for it afterwards wherever it must not be. */
export interface Canary {
  readonly name: string;
  readonly text: string;
  /** Files below the data folder where it belongs, by their path there. */
  readonly livesIn?: RegExp;
}

/** Something that was written or said: a log, an answer, a row. */
export interface Trace {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/**
 * Looks for every canary in every trace, in every spelling that something between might give it, and says where; empty
 * when there is none. A canary has at least 12 characters, so that its spellings mean nothing else.
 */
export const plantedIn = (canaries: readonly Canary[], traces: Iterable<Trace>): readonly string[] => {
  const wanted = canaries.map((canary) => ({ canary, spellings: spellingsOf(canary) }));
  const found: string[] = [];
  for (const { where, bytes } of traces) {
    const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { canary, spellings } of wanted) {
      if (canary.livesIn?.test(where) === true) continue;
      for (const [spelling, needle] of spellings) {
        const at = haystack.indexOf(needle);
        if (at >= 0) found.push(`${canary.name} ${spelling} in ${where} at ${at}`);
      }
    }
  }
  return found;
};

const spellingsOf = ({ name, text }: Canary): readonly (readonly [string, Buffer])[] => {
  if (text.length < 12) throw new Error(`The canary ${name} is too short to be told from other text.`);
  const escaped = encodeURIComponent(text);
  const spellings = new Map<string, string>([
    ["as it is", text],
    ["escaped", escaped],
    ["escaped in lower case", escaped.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ["escaped twice", encodeURIComponent(escaped)],
    ["decoded", decoded(text)],
    ["as a form's field", new URLSearchParams({ x: text }).toString().slice(2)],
    ["as JSON", JSON.stringify(text).slice(1, -1)],
    ["as JSON in JSON", JSON.stringify(JSON.stringify(text)).slice(3, -3)],
    ["as XML", text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")],
    ["in hexadecimal", Buffer.from(text).toString("hex")],
    ...[0, 1, 2].flatMap((before): [string, string][] => [
      [`in base64 after ${before}`, middleOfBase64(text, before, "base64")],
      [`in base64url after ${before}`, middleOfBase64(text, before, "base64url")],
      [`as JSON in base64 after ${before}`, middleOfBase64(JSON.stringify(text).slice(1, -1), before, "base64")],
    ]),
    // Half of it is as good as the whole.
    ["its first half", text.slice(0, Math.max(12, Math.ceil(text.length / 2)))],
    ["its second half", text.slice(-Math.max(12, Math.ceil(text.length / 2)))],
  ]);
  const utf16 = ["in UTF-16", Buffer.from(text, "utf16le")] as const;
  // Where two are alike, the plainer name counts.
  return [...new Map([...spellings].toReversed().map(([how, spelled]) => [spelled, how]))]
    .map(([spelled, how]) => [how, Buffer.from(spelled)] as const)
    .concat([utf16]);
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // holds a percent sign that is none of an escape
  }
};

/** What of the text's base64 does not depend on what stands around it, behind so many other bytes. */
const middleOfBase64 = (text: string, before: number, encoding: "base64" | "base64url"): string => {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString(encoding);
  return whole.slice(before === 0 ? 0 : 4);
};

/**
 * Every file below a folder, by its path there, also what databases hold row by row (a page's end may break a value) and
 * what lies inside archives beside the site's own files and the dumps of its databases.
 */
export function* tracesOf(folder: string, skips: (path: string) => boolean = () => false): Generator<Trace> {
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()) {
    const file = join(folder, path);
    if (!lstatSync(file).isFile() || skips(path)) continue;
    const bytes = readFileSync(file);
    if (path.endsWith(".zip")) yield* ownEntries(path, bytes);
    else yield { where: path, bytes };
    yield { where: `${path} (its name)`, bytes: Buffer.from(path) };
  }
  // Last: who reads a database may move what lies beside it into it.
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    if (path.endsWith(".db") && !skips(path)) yield* rowsOf(join(folder, path), path);
}

function* rowsOf(file: string, path: string): Generator<Trace> {
  const database = new Database(file);
  try {
    // Safe: sqlite_master's own columns.
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    for (const { name } of tables)
      for (const row of database.prepare(`SELECT * FROM "${name}"`).all())
        for (const [column, value] of Object.entries(row as Record<string, unknown>)) {
          const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
          yield { where: `${path}, ${name}.${column}`, bytes };
        }
  } finally {
    database.close();
  }
}

/** What an archive of ours says besides the site's files and dumps: its directory, and the site's settings. */
function* ownEntries(path: string, zip: Buffer): Generator<Trace> {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  let at = end < 0 ? zip.length : zip.readUInt32LE(end + 16);
  yield { where: `${path}, its directory`, bytes: zip.subarray(at) };
  while (at + 46 <= zip.length && zip.readUInt32LE(at) === 0x02014b50) {
    const [nameBytes, extraBytes, commentBytes] = [
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
      zip.readUInt16LE(at + 32),
    ];
    const name = zip.toString("utf8", at + 46, at + 46 + nameBytes);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const stored = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    if (name === "configuration.json")
      yield { where: `${path}, ${name}`, bytes: zip.readUInt16LE(at + 10) === 8 ? inflateRawSync(stored) : stored };
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
}
