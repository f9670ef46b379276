import type * as z from "zod";
import { nearestWord } from "../domain/nearest-word.ts";
import { settingNames } from "./settings.ts";

type Given = Readonly<Record<string, string | undefined>>;

// Settings that other readers own: the test runner, the command line, the host's task hub.
const knownElsewhere = new Set([
  "LIFEBOAT_URL",
  "LIFEBOAT_KEY",
  "LIFEBOAT_KEY_FILE",
  "LIFEBOAT_CA_FILE",
  "LIFEBOAT_AUDIENCE",
  "LIFEBOAT_PROFILE",
  "LIFEBOAT_REQUIRE",
  "LIFEBOAT_HUB",
  "LIFEBOAT_KILLS",
  "LIFEBOAT_FUZZ",
  "LIFEBOAT_FUZZ_FROM",
  "LIFEBOAT_ORDERS",
  "LIFEBOAT_SEEDS",
  "LIFEBOAT_TAKE_OVERS",
  "LIFEBOAT_POWER_CUTS",
  "LIFEBOAT_SCHEDULED",
  "LIFEBOAT_STATEMENTS",
  "LIFEBOAT_DATABASE_ROUNDS",
  "LIFEBOAT_ROWS",
  "LIFEBOAT_FILES",
  "LIFEBOAT_LARGE",
  "LIFEBOAT_BENCH_DIR",
]);

/** All that is wrong with the settings, each with its name and what is expected; `issues` are those of their forms. */
export const settingProblems = (given: Given, issues: readonly z.core.$ZodIssue[]): readonly string[] => {
  const unknown = Object.keys(given).filter(
    (name) => !settingNames.includes(name) && !knownElsewhere.has(name) && !name.startsWith("LIFEBOAT_TEST_"),
  );
  const lonely = ["LIFEBOAT_TLS_CERT", "LIFEBOAT_TLS_KEY"].filter((name) => given[name] !== undefined);
  return [
    ...notShared(given),
    ...(given["LIFEBOAT_ALARM_MAIL_TO"] !== undefined && given["LIFEBOAT_SMTP"] === undefined
      ? ["LIFEBOAT_SMTP: must be set where LIFEBOAT_ALARM_MAIL_TO is: smtp://USER:PASSWORD@HOST:PORT"]
      : []),
    ...keySettingProblems(given),
    ...(lonely.length === 1
      ? [`${lonely.join("")}: certificate and key come together (LIFEBOAT_TLS_CERT and LIFEBOAT_TLS_KEY).`]
      : []),
    ...halfEntra(given),
    ...issues.map(
      (issue) =>
        `${String(issue.path[0])}: ${issue.message.replace(/^Invalid input: expected /, "expected ")} (is "${shown(String(issue.path[0]), given)}")`,
    ),
    ...unknown.map(unknownProblem),
  ];
};

const unknownProblem = (name: string): string => {
  const near = nearestWord(name, settingNames);
  return `${name}: no such setting. ${near === undefined ? "docs/settings.md lists them." : `Did you mean ${near}?`}`;
};

/** A tenant alone would accept tokens that were meant for others. */
const halfEntra = (given: Given): readonly string[] => {
  const missing = ["LIFEBOAT_ENTRA_TENANT", "LIFEBOAT_ENTRA_AUDIENCE"].filter((name) => given[name] === undefined);
  const isWanted = Object.keys(given).some((name) => name.startsWith("LIFEBOAT_ENTRA_"));
  return isWanted ? missing.map((name) => `${name}: must be set to accept tokens of Entra ID.`) : [];
};

/** A catalog in Table Storage has several instances, on machines that come and go. */
const notShared = (given: Given): readonly string[] =>
  given["LIFEBOAT_TABLES"] === undefined
    ? []
    : [keySettings, ["LIFEBOAT_SCRATCH"], ["LIFEBOAT_DESTINATION"]]
        .filter((names) => names.every((name) => given[name] === undefined))
        .map(
          (names) => `${names.join(" or ")}: must be set where LIFEBOAT_TABLES is, for every instance needs the same.`,
        );

/** Where sealing keys come from: one of them. */
const keySettings = ["LIFEBOAT_SEALING_KEYS", "LIFEBOAT_SEALING_KEYS_FILE", "LIFEBOAT_KEY_VAULT_SECRET"];

const keySettingProblems = (given: Given): readonly string[] => {
  const set = keySettings.filter((name) => given[name] !== undefined);
  return set.length > 1 ? [`${set.join(", ")}: keys come from one place. Set one of them.`] : [];
};

/** The value as a message may repeat it. */
const shown = (name: string, given: Given): string =>
  /KEY|DESTINATION|CONTAINERS|SCRATCH|TABLES|SECRET|SMTP|WEBHOOK$|HEARTBEAT/.test(name)
    ? "[hidden]"
    : (given[name] ?? "");
