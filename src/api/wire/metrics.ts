import { siteLabel } from "../../domain/site.ts";
import { isInTrouble, type SiteWatch } from "../../domain/site-watch.ts";
import { mostDue, type Figures } from "../../operations/checks/read-figures.ts";

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
}

/** Prometheus' text form 0.0.4. */
export const metricsText = (figures: Figures): string => {
  const { now, watches, openRuns, dueRuns, dueLagSeconds, alarmsWaiting, isReady, version } = figures;
  return [
    ...siteFamilies(watches, now),
    gauge("lifeboat_open_runs", "Runs that are under way or wait.", openRuns),
    gauge("lifeboat_due_runs", `Planned backups that are due and have not begun, ${mostDue} at most.`, dueRuns),
    gauge("lifeboat_due_lag_seconds", "For how long the oldest of them has been due.", dueLagSeconds),
    gauge("lifeboat_alarms_waiting", "Alarms that nobody has taken yet.", alarmsWaiting),
    gauge("lifeboat_ready", "1 when the store can be written and the sweep ran lately.", isReady ? 1 : 0),
    {
      name: "lifeboat_build_info",
      type: "gauge" as const,
      help: "The version that runs.",
      samples: [{ labels: { version }, value: 1 }],
    },
  ]
    .map(textOf)
    .join("");
};

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  type: "gauge",
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
