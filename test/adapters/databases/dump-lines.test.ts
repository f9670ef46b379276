import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readableDump } from "../../../src/adapters/databases/mysql/dump-lines.ts";

const header = "-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)";
const end = "-- Dump completed";

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const leaving = (statement: string): Error => new Error(`it leaves: ${statement}`);

const through = async (text: string, { soleDefiner = "me@%", size = 7, dropsSandbox = false } = {}) => {
  const reading = { soleDefiner: soleDefiner === "" ? undefined : soleDefiner, dropsSandbox, leaving };
  const dump = readableDump(inPieces(Buffer.from(text), size), reading);
  const first = await dump.first();
  const pieces: Uint8Array[] = [];
  for await (const piece of dump.rest()) pieces.push(piece);
  const [isWhole, changed, events] = [dump.isWhole(), dump.changedDefiners(), dump.disabledEvents()];
  return { first, text: Buffer.concat(pieces).toString(), isWhole, changed, events };
};

const around = (...lines: readonly string[]): string => [header, ...lines, end, ""].join("\n");

describe("a dump on its way into the server", () => {
  it.each(["USE `shop`;", "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop`;", "CREATE SCHEMA shop;"])(
    "is stopped before %s, which chooses another database",
    async (line) => {
      await expect(through(around("CREATE TABLE t (id INT);", line))).rejects.toThrow(`it leaves: ${line}`);
    },
  );

  it.each([
    [
      "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 trigger q.watch before insert on q.goods for each row insert into q.audit values (1) */;;",
      "/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 trigger watch before insert on goods for each row insert into q.audit values (1) */;;",
    ],
    [
      "CREATE DEFINER=`a b`@`%` TRIGGER `q``x` . `watch`\nAFTER UPDATE\n  ON `q`.goods\nFOR EACH ROW\nBEGIN\n  DELETE FROM q.t; -- trigger q.x before insert on q.y for each row",
      "CREATE DEFINER=`a b`@`%` TRIGGER `watch`\nAFTER UPDATE\n  ON goods\nFOR EACH ROW\nBEGIN\n  DELETE FROM q.t; -- trigger q.x before insert on q.y for each row",
    ],
    [
      "/*!50003 CREATE*/ /*!50003 TRIGGER plain BEFORE DELETE ON goods FOR EACH ROW SET @a = 1 */;;",
      "/*!50003 CREATE*/ /*!50003 TRIGGER plain BEFORE DELETE ON goods FOR EACH ROW SET @a = 1 */;;",
    ],
    ["CREATE TABLE `trigger ` (\n  a INT\n);\nINSERT INTO t VALUES (1);", undefined],
    ["CREATE TRIGGER t\nINSERT INTO t VALUES (1);", undefined],
  ])(
    "makes a trigger where it is loaded, also when it was typed with its database's name: %s",
    async (line, wanted) => {
      for (const size of [7, 10_000])
        expect((await through(around(line), { soleDefiner: "", size })).text).toBe(around(wanted ?? line));
    },
  );

  it("is never held whole where a row is long, and ends where it ends", async () => {
    const row = `INSERT INTO t VALUES (0x${"ab".repeat(4 * 2 ** 20)}),(1);`;
    const text = around("CREATE TABLE t (a LONGBLOB);", row, `(2,'${"x".repeat(2 ** 21)}');`, "USE_ is no word;");
    const dump = readableDump(inPieces(Buffer.from(text), 100_000), {
      soleDefiner: "me@%",
      dropsSandbox: false,
      leaving,
    });
    await dump.first();
    const pieces: Uint8Array[] = [];
    for await (const piece of dump.rest()) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe(text);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(2 * 2 ** 20);
    expect(dump.isWhole()).toBe(true);
    const cut = readableDump(inPieces(Buffer.from(text.slice(0, -4_000_000)), 100_000), {
      soleDefiner: "me@%",
      dropsSandbox: false,
      leaving,
    });
    await cut.first();
    for await (const _ of cut.rest());
    expect(cut.isWhole()).toBe(false);
  });

  it("may hold such words in a body and in rows", async () => {
    const text = around(
      "DELIMITER ;;",
      "CREATE DATABASE x;",
      "USE x;;",
      "DELIMITER ;",
      "INSERT INTO t VALUES ('USE x');",
    );
    expect(await through(text)).toMatchObject({ text, isWhole: true });
    await expect(through(around("DELIMITER ;;", "DELIMITER ;", "USE x;"))).rejects.toThrow("it leaves");
  });

  it("whose objects others defined is given to the user who loads it, in either vendor's words", async () => {
    const mine = [
      "/*!50013 DEFINER=CURRENT_USER SQL SECURITY DEFINER */",
      "/*!50003 CREATE*/ /*!50017 DEFINER=CURRENT_USER*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `g` FOR EACH ROW SET @a = 1 */;;",
      "CREATE DEFINER=CURRENT_USER PROCEDURE `p`()",
      '/*!50003 CREATE*/ /*!50017 DEFINER=CURRENT_USER*/ /*!50003 TRIGGER "ansi" BEFORE INSERT ON "g"',
    ];
    const others = [
      mine[0]?.replace("CURRENT_USER", "`ro``ot`@`%`"),
      mine[1]?.replace("CURRENT_USER", "`root`@`localhost`"),
      mine[2]?.replace("CURRENT_USER", "`root`@`10.0.0.%`"),
      mine[3]?.replace("CURRENT_USER", '"root"@"localhost"'),
    ].map((line) => line ?? "");
    expect(await through(around(...others))).toMatchObject({ text: around(...mine), changed: 4 });
    expect(await through(around(...others), { soleDefiner: "" })).toMatchObject({
      text: around(...others),
      changed: 0,
    });
  });

  it("keeps what the loading user defined, and what only looks like a definer", async () => {
    const text = around(
      "CREATE DEFINER=`me`@`%` FUNCTION `f`() RETURNS int",
      "INSERT INTO `g` VALUES ('/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */');",
      "  SELECT 'CREATE DEFINER=`root`@`localhost` PROCEDURE'; -- in a body",
    );
    expect(await through(text)).toMatchObject({ text, changed: 0 });
  });

  it("does not change the live database's character set, whose name it holds", async () => {
    const named = around(
      "ALTER DATABASE `shop` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci ;",
      'ALTER DATABASE "a""b" CHARACTER SET latin1 COLLATE latin1_bin ;;',
    );
    const plain = around(
      "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci ;",
      "ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_bin ;;",
    );
    expect((await through(named)).text).toBe(plain);
  });

  it("loads its events asleep, and tells which were awake", async () => {
    const event = (state: string, name = "`täg``lich`") =>
      `/*!50106 CREATE*/ /*!50117 DEFINER=CURRENT_USER*/ /*!50106 EVENT ${name} ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01 00:00:00' ON COMPLETION NOT PRESERVE ${state} COMMENT 'ENABLE' DO SELECT 1 */ ;;`;
    const found = await through(around(event("ENABLE"), event("DISABLE", "`b`"), event("ENABLE", '"c"')));
    expect(found.text).toBe(around(event("DISABLE"), event("DISABLE", "`b`"), event("DISABLE", '"c"')));
    expect(found.events).toEqual(["täg`lich", "c"]);
  });

  it("is whole with the tool's last line only", async () => {
    expect((await through(around("SELECT 1;"))).isWhole).toBe(true);
    expect((await through(`${header}\nSELECT 1;\n`)).isWhole).toBe(false);
    expect((await through(`${around()}INSERT INTO \`g\` VALUES (1);\n`)).isWhole).toBe(false);
  });

  it("is known by its first line, and MariaDB's warning to other readers goes no further than they can read", async () => {
    expect((await through("PK\x03\x04")).first).toBeUndefined();
    expect((await through("")).first).toBeUndefined();
    const sandboxed = `/*M!999999\\- enable the sandbox mode */ \n${around()}`;
    expect((await through(sandboxed)).text).toBe(sandboxed);
    expect((await through(sandboxed, { dropsSandbox: true })).text).toBe(around());
  });

  it("goes through byte by byte as it came, however it is cut into pieces", () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), async (row, size) => {
        const dump = Buffer.concat([
          Buffer.from(`${header}\nINSERT INTO \`g\` VALUES (`),
          Buffer.from(row),
          Buffer.from(`);\n${end}\n`),
        ]);
        const reading = readableDump(inPieces(dump, size), { soleDefiner: "me@%", dropsSandbox: true, leaving });
        await reading.first();
        const pieces: Uint8Array[] = [];
        for await (const piece of reading.rest()) pieces.push(piece);
        expect(Buffer.concat(pieces).equals(dump)).toBe(true);
      }),
    ));
});
