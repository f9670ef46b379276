// node scripts/changelog.mjs: what changelog/unreleased says, by kind, for the notes of a release.
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../changelog/unreleased/", import.meta.url);
const kinds = { Security: "Security", Change: "Changes", Enhancement: "New", Bugfix: "Mended" };

const entries = readdirSync(folder)
  .toSorted()
  .map((name) => {
    const [, kind, title, body] = /^# (\w+): (.+)\n([\s\S]+)$/.exec(readFileSync(new URL(name, folder), "utf8")) ?? [];
    if (!(kind in kinds)) throw new Error(`changelog/unreleased/${name} does not begin as changelog/TEMPLATE.md says.`);
    return { kind, text: `### ${title[0].toUpperCase()}${title.slice(1)}\n\n${body.trim()}\n` };
  });

for (const [kind, title] of Object.entries(kinds)) {
  const texts = entries.filter((entry) => entry.kind === kind).map(({ text }) => text);
  if (texts.length > 0) console.log(`## ${title}\n\n${texts.join("\n")}`);
}
