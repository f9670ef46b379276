import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Seeded, seeded } from "./seeded.ts";
import { unpackPackage } from "./unpack-package.ts";

const mebibyte = 1024 * 1024;
const pages =
  "about account api archive article basket blog calendar careers category checkout contact download events faq gallery help home images jobs login news offers orders pricing products profile search services shipping support team terms";
const words = pages.split(" ");
const agents = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
  "curl/8.11.0",
] as const;

const writeFile = (path: string, sizeBytes: number, chunk: () => Buffer): void => {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "w");
  try {
    for (let left = sizeBytes; left > 0;) left -= writeSync(file, chunk().subarray(0, left));
  } finally {
    closeSync(file);
  }
};

const word = (random: Seeded): string => words[random.below(words.length)] ?? "home";
const sentence = (random: Seeded, count: number): string => Array.from({ length: count }, () => word(random)).join(" ");
const lines = (count: number, line: () => string): Buffer => Buffer.from(Array.from({ length: count }, line).join(""));

const accessLog = (random: Seeded): (() => Buffer) => {
  let seconds = 1_767_225_600;
  return () =>
    lines(2_000, () => {
      seconds += random.below(3);
      const client = `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`;
      const path = `/${word(random)}/${word(random)}/${random.below(100_000)}?ref=${random.below(1e9).toString(36)}`;
      const status = random.pick([200, 200, 200, 200, 301, 304, 404, 500]);
      const time = new Date(seconds * 1000).toISOString();
      return `${client} - - [${time}] "${random.pick(["GET", "GET", "GET", "POST"])} ${path} HTTP/1.1" ${status} ${random.below(60_000)} "-" "${random.pick(agents)}"\n`;
    });
};

const sqlDump = (random: Seeded): (() => Buffer) => {
  let id = 0;
  return () =>
    lines(500, () => {
      const text = sentence(random, 12 + random.below(40));
      return `INSERT INTO posts VALUES (${++id},${random.below(50)},'2026-0${1 + random.below(9)}-1${random.below(10)}','${text}','publish','${random.below(1e9).toString(16)}');\n`;
    });
};

const jsonLines = (random: Seeded): (() => Buffer) => {
  let id = 0;
  return () =>
    lines(300, () => {
      const price = random.below(10_000) / 100;
      const tags = [word(random), word(random)];
      return `${JSON.stringify({ id: ++id, sku: random.below(1e9).toString(36), price, tags, stock: random.below(500) })}\n`;
    });
};

/** Half noise, half text: compresses about two to one, as application caches do. */
const cacheEntry = (random: Seeded): (() => Buffer) => {
  return () => Buffer.concat([random.bytes(2_048), Buffer.from(sentence(random, 400))]);
};

const buildText = (root: string): void => {
  for (const [index, size] of [150, 80, 40, 20, 10].entries())
    writeFile(join(root, `logs/access-${index}.log`), size * mebibyte, accessLog(seeded(`log ${index}`)));
  for (let index = 0; index < 12; index++) {
    const random = seeded(`sql ${index}`);
    writeFile(join(root, `data/dump-${index}.sql`), (1 + random.below(12)) * mebibyte, sqlDump(random));
  }
  for (let index = 0; index < 20; index++) {
    const random = seeded(`json ${index}`);
    writeFile(join(root, `data/export-${index}.json`), (300 + random.below(4_000)) * 1_024, jsonLines(random));
  }
  for (let index = 0; index < 400; index++) {
    const random = seeded(`cache ${index}`);
    const path = join(root, `data/cache/${index % 16}/entry-${index}.bin`);
    writeFile(path, 20_000 + random.below(300_000), cacheEntry(random));
  }
};

const buildNoise = (root: string): void => {
  for (const [index, size] of [200, 100, 50, 25, 25].entries()) {
    const random = seeded(`video ${index}`);
    writeFile(join(root, `video/clip-${index}.mp4`), size * mebibyte, () => random.bytes(mebibyte));
  }
  for (let index = 0; index < 60; index++) {
    const random = seeded(`photo ${index}`);
    const path = join(root, `uploads/2026/${String((index % 12) + 1).padStart(2, "0")}/photo-${index}.jpg`);
    writeFile(path, 40_000 + random.below(3_000_000), () => random.bytes(65_536));
  }
};

/** About 1.1 GB: videos and photos that do not compress, logs and dumps that do. Returns what it had to do without. */
export const buildMedia = (root: string, work: string): readonly string[] => {
  mkdirSync(root, { recursive: true });
  buildNoise(root);
  buildText(root);
  return ["gnome-backgrounds", "mate-backgrounds"].filter(
    (name) => !unpackPackage({ name, folder: "usr/share/backgrounds" }, join(root, "uploads", name), work),
  );
};
