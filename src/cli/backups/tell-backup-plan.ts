import type { Answer } from "../service/answer.ts";
import type { CommandContext } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showMany, showName } from "../terminal/show-text.ts";
import { databasesText, siteDatabases } from "../sites/site-databases.ts";
import type { SiteReference } from "../sites/site-reference.ts";

/** What a backup of the site would hold and leave out, and which lines of its filter match nothing. */
interface BackupPlanView {
  readonly files: number;
  readonly sizeBytes: number;
  readonly filter: readonly {
    readonly line: number;
    readonly text: string;
    readonly entries: number;
    readonly sizeBytes: number;
  }[];
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
  readonly unreadableCount: number;
  /** Why a backup would be refused, or would fail. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Those of a backup that names none, by their connection strings' names where they have one. */
  readonly databases: readonly string[];
}

/** `elsewhere`: into another container than the site's backups go otherwise. */
export const backupPlan = async (
  context: CommandContext,
  site: SiteReference,
  { elsewhere }: { readonly elsewhere: boolean },
): Promise<BackupPlanView> => {
  const query = { show: "excluded", limit: "1", elsewhere: String(elsewhere) };
  const plan = (await context.service().get(`${site.path}/backup/plan`, { query })).object("properties");
  return {
    files: plan.number("files"),
    sizeBytes: plan.number("sizeInBytes"),
    filter: plan.list("filter").map(filterLine),
    unreadable: plan.list("unreadable").map((one) => ({ path: one.text("path"), reason: one.text("reason") })),
    unreadableCount: plan.number("unreadableCount"),
    problems: plan.has("problems") ? plan.texts("problems") : [],
    warnings: plan.texts("warnings"),
    databases: plan.has("databases")
      ? plan.list("databases").map((one) => one.textOr("connectionStringName", one.text("name")))
      : [],
  };
};

const filterLine = (line: Answer) => ({
  line: line.number("line"),
  text: line.text("text"),
  entries: line.number("entries"),
  sizeBytes: line.number("sizeInBytes"),
});

export const tellBackupPlan = async (
  context: CommandContext,
  site: SiteReference,
  {
    databases: wanted,
    elsewhere,
  }: { readonly databases: readonly { readonly name: string }[]; readonly elsewhere: boolean },
): Promise<ExitCode> => {
  const plan = await backupPlan(context, site, { elsewhere });
  const names = wanted.length > 0 ? wanted.map(({ name }) => name) : plan.databases;
  const asked = names.length === 0 ? [] : await askedDatabases(context, site, { isNeeded: wanted.length > 0 });
  const databases = asked.filter(({ name }) => names.some((one) => isSame(one, name)));
  const others = names.filter((one) => !asked.some(({ name }) => isSame(one, name)));
  const there = elsewhere ? "  note: whether there is room where --to leads, and a way in, was not looked at\n" : "";
  print(
    context,
    { site: site.label, plan, databases },
    () =>
      `A backup of ${site.label} would hold\n${planText(plan)}${there}${databasesText(databases)}${others.map(notAsked).join("")}`,
  );
  if (plan.problems.length > 0 || databases.some(({ problem }) => problem !== null)) return exitCodes.refused;
  return plan.unreadableCount > 0 ? exitCodes.partly : exitCodes.done;
};

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Whoever may only read gets no answer of the servers; of those that nobody named here that is no reason to fail. */
const askedDatabases = async (
  context: CommandContext,
  site: SiteReference,
  { isNeeded }: { readonly isNeeded: boolean },
): ReturnType<typeof siteDatabases> => {
  try {
    return await siteDatabases(context, site, { asks: true });
  } catch (error) {
    if (isNeeded || !(error instanceof CommandFailure) || error.exitCode !== exitCodes.notAllowed) throw error;
    return [];
  }
};

const notAsked = (name: string): string => `  database ${showName(name)}: of the schedule; its server was not asked\n`;

const mostUnreadable = 20;

export const planText = (plan: BackupPlanView): string => {
  const { files, sizeBytes, filter, unreadable, unreadableCount, problems, warnings } = plan;
  return `${[
    `  ${showMany(files, "file")}, ${showBytes(sizeBytes)}`,
    ...filter.map(
      ({ line, text, entries, sizeBytes: size }) =>
        `  without ${showName(text)} (line ${line} of the filter): ${entries === 0 ? "matches nothing" : `${showMany(entries, "entry", "entries")}, ${showBytes(size)}`}`,
    ),
    ...(unreadableCount === 0 ? [] : [`  and could not read ${showMany(unreadableCount, "entry", "entries")}:`]),
    ...unreadable.slice(0, mostUnreadable).map(({ path, reason }) => `    ${showName(path)}: ${showName(reason)}`),
    ...problems.map((problem) => `  problem: ${showName(problem)}`),
    // Which lines match nothing is told above.
    ...warnings
      .filter((warning) => !warning.endsWith("matches nothing."))
      .map((warning) => `  note: ${showName(warning)}`),
  ].join("\n")}\n`;
};
