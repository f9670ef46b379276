import type { Answer } from "../service/answer.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showCount, showName } from "../terminal/show-text.ts";

const actions = ["remove", "replace", "write", "adjust", "keep", "leave"] as const;
type Action = (typeof actions)[number];

/** What a restore would do, as the API's dry run tells it; also the JSON of `--dry-run`. */
export interface RestorePlanView {
  readonly site: string;
  readonly isNewSite: boolean;
  readonly blobName: string;
  readonly counts: Readonly<Record<Action, { readonly entries: number; readonly sizeBytes: number }>>;
  /** With any, the restore would be refused. */
  readonly problems: readonly string[];
  readonly databases: readonly PlannedDatabase[];
  readonly notes: readonly string[];
  readonly changes: readonly {
    readonly path: string;
    readonly kind: string;
    readonly action: string;
    readonly reason: string;
  }[];
  /** Changes that are not among `changes`. */
  readonly more: number;
}

interface PlannedDatabase {
  readonly name: string;
  readonly action: string;
  readonly target: string | null;
  readonly dumpSizeBytes: number;
  readonly problem: string | null;
}

export const restorePlanOf = (answer: Answer): RestorePlanView => {
  const properties = answer.object("properties");
  const counts = properties.object("counts");
  const count = (action: Action) => ({
    entries: counts.object(action).number("entries"),
    sizeBytes: counts.object(action).number("sizeInBytes"),
  });
  return {
    site: properties.text("siteName"),
    isNewSite: properties.flag("isNewSite"),
    blobName: properties.text("blobName"),
    counts: {
      write: count("write"),
      replace: count("replace"),
      remove: count("remove"),
      adjust: count("adjust"),
      keep: count("keep"),
      leave: count("leave"),
    },
    problems: properties.texts("problems"),
    databases: properties.list("databases").map((item) => ({
      name: item.text("name"),
      action: item.text("action"),
      target: item.textOr("target", null),
      dumpSizeBytes: item.numberOr("dumpSizeInBytes", 0),
      problem: item.textOr("problem", null),
    })),
    notes: properties.texts("notes"),
    changes: answer.list("value").map((change) => ({
      path: change.text("path"),
      kind: change.text("kind"),
      action: change.text("action"),
      reason: change.text("reason"),
    })),
    more: properties.number("more"),
  };
};

/** What each action means to whoever reads it at night. */
const words: Readonly<Record<Action, string>> = {
  write: "written (not in the site)",
  replace: "replaced (other content)",
  remove: "removed (not in the backup)",
  adjust: "adjusted (mode, owner or time)",
  keep: "kept as they are",
  leave: "left alone (not part of the backup)",
};

export const restorePlanText = (plan: RestorePlanView): string => {
  const counts = actions.flatMap((action) => {
    const { entries, sizeBytes } = plan.counts[action];
    if (entries === 0) return [];
    return [
      `  ${showCount(entries).padStart(9)} ${words[action]}${sizeBytes === 0 ? "" : `, ${showBytes(sizeBytes)}`}\n`,
    ];
  });
  const target = plan.isNewSite ? `the new site ${plan.site}` : plan.site;
  const isEmpty = counts.length === 0 && plan.databases.length === 0;
  return [
    `Restoring ${showName(plan.blobName)} to ${target}:\n`,
    ...counts,
    ...plan.databases.map(databaseText),
    ...(isEmpty && plan.problems.length === 0 ? ["  nothing is in it\n"] : []),
    "  downtime: the moment of the exchange; everything is unpacked and loaded beside what is live first\n",
    ...plan.notes.map((note) => `  note: ${showName(note)}\n`),
    ...plan.problems.map((problem) => `  problem: ${showName(problem)}\n`),
  ].join("");
};

const databaseText = ({ name, action, target, dumpSizeBytes, problem }: PlannedDatabase): string => {
  const what =
    problem !== null
      ? "cannot be restored as it is"
      : `${action === "create" ? "made" : "replaced"}${target === null ? "" : `: ${target}`}`;
  return `  database ${showName(name)} (${showBytes(dumpSizeBytes)}) ${showName(what)}\n`;
};

/** What is lost is listed at length, before a person agrees to it. */
const mostShown: Readonly<Record<Action, number>> = {
  remove: 50,
  replace: 10,
  write: 10,
  adjust: 5,
  keep: 0,
  leave: 0,
};

/** The changes, what is lost first; `isWhole`: as many as there are, else the first of each kind. */
export const changesText = ({ changes, counts }: RestorePlanView, { isWhole }: { readonly isWhole: boolean }): string =>
  lossFirst
    .map((action) => {
      const alike = changes.filter((change) => change.action === action);
      const shown = isWhole ? alike : alike.slice(0, mostShown[action]);
      const more = counts[action].entries - shown.length;
      return [
        ...shown.map(({ path, kind }) => `  ${action.padEnd(8)}${showName(path)}${kind === "directory" ? "/" : ""}\n`),
        ...(more > 0 ? [`  ${action.padEnd(8)}and ${showCount(more)} more\n`] : []),
      ].join("");
    })
    .join("");

const lossFirst = ["remove", "replace", "write", "adjust"] as const satisfies readonly Action[];

/** There are more changes than are listed of each kind. */
export const isCut = ({ counts }: RestorePlanView): boolean =>
  lossFirst.some((action) => counts[action].entries > mostShown[action]);
