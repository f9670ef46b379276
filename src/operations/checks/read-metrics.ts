import { siteLabel } from "../../domain/site.ts";
import { isInTrouble, type SiteWatch } from "../../domain/site-watch.ts";
import { isReady } from "./health.ts";
import type { Installation } from "../installation.ts";
import { readOpenRuns } from "../rows/open-run-rows.ts";
import { readDue, type Due } from "../rows/schedule-rows.ts";
import { readWaitingLetters, readWatches } from "../rows/watch-rows.ts";

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

const mostLetters = 1_000;
const mostDue = 1_000;

/** Prometheus' text form 0.0.4. */
export const readMetrics = async (deps: Pick<Installation, "catalog" | "clock" | "version">): Promise<string> => {
  const now = deps.clock.now();
  const [watches, openRuns, due, letters, { problems }] = await Promise.all([
    readWatches(deps.catalog),
    readOpenRuns(deps.catalog),
    readDue(deps.catalog, { until: now, limit: mostDue }),
    readWaitingLetters(deps.catalog, now, mostLetters),
    isReady(deps),
  ]);
  return [
    ...siteFamilies(watches, now),
    single("lifeboat_open_runs", "gauge", "Runs that are under way or wait.", openRuns.length),
    single(
      "lifeboat_due_runs",
      "gauge",
      `Planned backups that are due and have not begun, ${mostDue} at most.`,
      due.length,
    ),
    single("lifeboat_due_lag_seconds", "gauge", "For how long the oldest of them has been due.", lagOf(due, now)),
    single("lifeboat_alarms_waiting", "gauge", "Alarms that nobody has taken yet.", letters.length),
    single(
      "lifeboat_ready",
      "gauge",
      "1 when the store can be written and the sweep ran lately.",
      problems.length === 0 ? 1 : 0,
    ),
    {
      name: "lifeboat_build_info",
      type: "gauge" as const,
      help: "The version that runs.",
      samples: [{ labels: { version: deps.version }, value: 1 }],
    },
  ]
    .map(textOf)
    .join("");
};

const lagOf = ([oldest]: readonly Due[], now: Date): number =>
  oldest === undefined ? 0 : (now.getTime() - Date.parse(oldest.at)) / 1000;

const single = (name: string, type: Family["type"], help: string, value: number): Family => ({
  name,
  type,
  help,
  samples: [{ labels: {}, value }],
});

const siteFamilies = (watches: readonly SiteWatch[], now: Date): readonly Family[] => {
  const perSite = (valueOf: (watch: SiteWatch) => number | undefined): Family["samples"] =>
    watches.flatMap((watch) => {
      const value = valueOf(watch);
      return value === undefined ? [] : [{ labels: labelsOf(watch), value }];
    });
  return [
    {
      name: "lifeboat_backups_total",
      type: "counter",
      help: "Backups that ended, by status.",
      samples: watches.flatMap((watch) =>
        Object.entries(watch.ended).map(([status, value]) => ({ labels: { ...labelsOf(watch), status }, value })),
      ),
    },
    {
      name: "lifeboat_backup_seconds_total",
      type: "counter",
      help: "Time that backups took.",
      samples: perSite(({ seconds }) => seconds),
    },
    {
      name: "lifeboat_backup_bytes_total",
      type: "counter",
      help: "Bytes of archives that were written.",
      samples: perSite(({ bytes }) => bytes),
    },
    {
      name: "lifeboat_last_backup_seconds",
      type: "gauge",
      help: "Time that the last backup took.",
      samples: perSite(({ last }) => last?.seconds),
    },
    {
      name: "lifeboat_newest_good_backup_age_seconds",
      type: "gauge",
      help: "Age of the newest backup that can be restored and was not found damaged.",
      samples: perSite(({ newestGood }) =>
        newestGood === undefined ? undefined : (now.getTime() - Date.parse(newestGood)) / 1000,
      ),
    },
    {
      name: "lifeboat_site_in_trouble",
      type: "gauge",
      help: "1 when the site's backups failed, left files out, are missing, or were all found damaged.",
      samples: perSite((watch) => (isInTrouble(watch) ? 1 : 0)),
    },
  ];
};

const labelsOf = ({ site }: SiteWatch): Labels => ({
  subscription: site.subscription,
  resource_group: site.resourceGroup,
  site: siteLabel(site),
});

const textOf = ({ name, type, help, samples }: Family): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
    "",
  ].join("\n");

const labelText = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

const escaped = (text: string): string => text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
