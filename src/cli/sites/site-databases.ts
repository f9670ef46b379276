import type { CommandContext } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showName } from "../terminal/show-text.ts";
import type { SiteReference } from "./site-reference.ts";

/** A database that one of the site's connection strings leads to. */
interface SiteDatabase {
  readonly databaseType: string;
  readonly name: string;
  readonly connectionStringName: string;
  readonly target: string | null;
  readonly sizeBytes: number | null;
  readonly tool: string | null;
  readonly weaker: readonly string[];
  readonly problem: string | null;
}

/** With `asks` each server says whether it could be backed up now. */
export const siteDatabases = async (
  context: CommandContext,
  site: SiteReference,
  { asks }: { readonly asks: boolean },
): Promise<readonly SiteDatabase[]> => {
  const items = await context.service().all(`${site.path}/databases`, { query: { check: String(asks) } });
  return items.map((item) => ({
    databaseType: item.text("databaseType"),
    name: item.text("name"),
    connectionStringName: item.text("connectionStringName"),
    target: item.textOr("target", null),
    sizeBytes: item.numberOr("sizeInBytes", null),
    tool: item.textOr("tool", null),
    weaker: item.texts("weaker"),
    problem: item.textOr("problem", null),
  }));
};

/** As a request lists them; `all` stands for every one that is known. */
export const wantedDatabases = async (context: CommandContext, site: SiteReference, names: readonly string[]) => {
  if (names.length === 0) return [];
  const known = await siteDatabases(context, site, { asks: false });
  const isAll = names.some((name) => name.toLowerCase() === "all");
  const wanted = names.filter((name) => name.toLowerCase() !== "all").map((name) => found(known, site, name));
  return (isAll ? known : wanted).map(({ databaseType, name, connectionStringName }) => ({
    databaseType,
    name,
    connectionStringName,
  }));
};

/** Told beside what holds no database, where the site has some: as a rule they were forgotten. Nothing where it has none. */
export const tellForgottenDatabases = (
  { terminal, json }: Pick<CommandContext, "terminal" | "json">,
  known: readonly SiteDatabase[],
  command: string,
): void => {
  if (json || known.length === 0) return;
  const names = known.map(({ name }) => showName(name)).join(", ");
  terminal.err(`  without databases: ${names}. \`${command} --database all\` takes them along.\n`);
};

const found = (known: readonly SiteDatabase[], site: SiteReference, name: string): SiteDatabase => {
  const match = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (match !== undefined) return match;
  const others = known.map((one) => one.name).join(", ") || "none";
  throw new CommandFailure(
    exitCodes.notFound,
    "DatabaseNotFound",
    `${site.label} has no connection string ${name} that leads to a database. It has: ${others}.`,
  );
};

export const databasesText = (databases: readonly SiteDatabase[]): string =>
  databases
    .map(({ name, target, sizeBytes, tool, weaker, problem }) => {
      const said =
        problem ??
        `${target ?? "?"}${sizeBytes === null ? "" : `, ${showBytes(sizeBytes)}`}${tool === null ? "" : `, by ${tool}`}`;
      return [
        `  database ${showName(name)}: ${showName(said)}\n`,
        ...weaker.map((note) => `    note: ${showName(note)}\n`),
      ].join("");
    })
    .join("");
