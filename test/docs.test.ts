import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseSiteFile } from "../src/adapters/sites/site-file.ts";
import { httpOf } from "../src/api/arm-error.ts";
import { errorRegister } from "../src/domain/errors.ts";

const files = readdirSync(".", { withFileTypes: true })
  .filter(({ name }) => !["node_modules", "dist", ".git", "coverage"].includes(name))
  .flatMap((top) =>
    top.isDirectory()
      ? readdirSync(top.name, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).replaceAll("\\", "/"))
      : [top.name],
  );
const text = (path: string): string => readFileSync(path, "utf8");
const documents = files
  .filter((path) => path.endsWith(".md"))
  .map((path) => ({ path, body: text(path), prose: text(path).replace(/^```[\s\S]*?^```/gm, "") }));
const inCode = (pattern: RegExp, body: string): readonly string[] =>
  [...body.matchAll(pattern)].flatMap((found) => found[1] ?? []);

/** As hosting sites make them: lower case, punctuation dropped, spaces to hyphens. */
const anchors = (body: string): readonly string[] =>
  inCode(/^#+ (.+)$/gm, body).map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );

const brokenLinks = (path: string, prose: string): readonly string[] =>
  inCode(/\]\((?!https?:|mailto:)([^)\s]+)\)/g, prose).filter((link) => {
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : join(dirname(path), file);
    return !existsSync(target) || (anchor !== undefined && !anchors(text(target)).includes(anchor));
  });

/** The documents of this project that one leads to. */
const linksOf = (path: string, body: string): readonly string[] =>
  inCode(/\]\((?!https?:|mailto:)([^)\s#]+\.md)[^)]*\)/g, body).map((link) => join(dirname(path), link));

describe("the documents", () => {
  it.each(documents)("$path links to what exists", ({ path, prose }) => {
    expect(brokenLinks(path, prose)).toEqual([]);
  });

  it("are found by a link from another, each page of docs", () => {
    const linked = documents.flatMap(({ path, prose }) =>
      inCode(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g, prose).map((link) => join(dirname(path), link)),
    );
    const pages = documents.map(({ path }) => path).filter((path) => path.startsWith("docs/"));
    expect(pages.filter((path) => !linked.includes(path))).toEqual([]);
  });

  it("name only files that exist", () => {
    const missing = documents.flatMap(({ path, prose }) =>
      inCode(/`((?:src|test|docs|scripts|infra|bench|changelog|\.ci)\/[\w./-]*)`/g, prose)
        .filter((named) => !existsSync(named))
        .map((named) => `${path} names ${named}`),
    );
    expect(missing).toEqual([]);
  });

  it("name only npm scripts that exist", () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(text("package.json"));
    const missing = documents.flatMap(({ path, body }) =>
      [...inCode(/\bnpm run ([\w:-]+)/g, body), ...inCode(/\bnpm (test|start)\b/g, body)]
        .filter((script) => !(script in scripts))
        .map((script) => `${path} names ${script}`),
    );
    expect(missing).toEqual([]);
  });

  it("name only settings that the code reads", () => {
    const code = files
      .filter((path) => /^(src|scripts|test\/support|bench)\/.*\.(ts|mjs)$|^host\.json$/.test(path))
      .map(text);
    const missing = documents.flatMap(({ path, body }) =>
      inCode(/\b(LIFEBOAT_\w+)/g, body)
        .filter((setting) => !code.some((file) => file.includes(setting)))
        .map((setting) => `${path} names ${setting}`),
    );
    expect(missing).toEqual([]);
  });

  it("can all be reached from the README", () => {
    const reached = new Set<string>();
    const next = ["README.md"];
    for (let path = next.pop(); path !== undefined; path = next.pop()) {
      if (reached.has(path) || !existsSync(path)) continue;
      reached.add(path);
      for (const link of linksOf(path, text(path))) next.push(link);
    }
    const wanted = documents
      .map(({ path }) => path)
      .filter((path) => /^(?:docs|infra|bench)\/|^[A-Z]+\.md$/.test(path));
    expect(wanted.filter((path) => !reached.has(path))).toEqual([]);
  });

  it("would notice a dead link", () => {
    expect(brokenLinks("README.md", "[a](docs/none.md) [b](#nowhere) [c](https://example.org)")).toEqual([
      "docs/none.md",
      "#nowhere",
    ]);
  });
});

describe("changelog/unreleased", () => {
  it.each(readdirSync("changelog/unreleased"))("%s begins as the template says", (name) => {
    expect(text(`changelog/unreleased/${name}`)).toMatch(/^# (?:Bugfix|Enhancement|Change|Security): \S.+\n\n\S/);
  });
});

describe("docs/errors.md", () => {
  const section = /^## (\w+)\n\n`(\d+) (\w+)`\n\n> (.+)\n\n.+$/gm;
  const documented = [...text("docs/errors.md").matchAll(section)].map(([, code, status, word, message]) => [
    code,
    Number(status),
    word,
    message,
  ]);

  it("lists exactly what the register holds, with its status and its words", () => {
    const registered = Object.entries(errorRegister).map(([code, message]) => {
      const { status, code: word = code } = Object.entries(httpOf).find(([known]) => known === code)?.[1] ?? {};
      return [code, status, word, message];
    });
    expect(documented).toEqual(registered.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)));
  });

  it("has no section the parser above did not understand", () => {
    expect(inCode(/^## (.+)$/gm, text("docs/errors.md"))).toHaveLength(documented.length);
  });
});

describe("docs/sites.md", () => {
  const body = text("docs/sites.md");

  it("shows a site file that is accepted as it stands", () => {
    const [example = ""] = inCode(/^```json\n([\s\S]*?)^```/gm, body);
    expect(parseSiteFile("shop.json", example)).toMatchObject({ name: "shop", slots: { staging: {} } });
  });

  it("has a row for every field of a site file, and no other", () => {
    const rows = inCode(/^\| (`\w+`(?:, `\w+`)*) +\|/gm, body).flatMap((cell) => inCode(/`(\w+)`/g, cell));
    const file = parseSiteFile("shop.json", JSON.stringify({ home: "/srv/shop" }));
    const optional = ["wwwroot", "owner", "stop", "start", "destination"];
    expect(rows.toSorted()).toEqual([...Object.keys(file), ...optional].toSorted());
  });
});

describe("every file", () => {
  const machine =
    /(?<![\w.~-])\/(?:work|root)\/|(?<![\w.~-])\/home\/(?!site\/|LogFiles\/)[a-z]+\/|registry\.npmjs|_registry\/|artifact[o]ry/;

  it("is free of one machine's paths and of registry hosts", () => {
    const found = files
      .filter((path) => !/\.(zip|gz|bin|png)$/.test(path))
      .flatMap((path) =>
        text(path)
          .split("\n")
          .flatMap((line, index) => (machine.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
      );
    expect(found).toEqual([]);
  });

  it("would be caught naming one", () => {
    for (const line of [`cd ${"/work"}/main`, `"${"/root"}/.npmrc"`, `${"/home"}/alice/data`])
      expect(line).toMatch(machine);
    for (const line of ["/home/site/wwwroot", "src/work/a.ts", "https://host/root/a"])
      expect(line).not.toMatch(machine);
  });
});
