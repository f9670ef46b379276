import type { RunCommand } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showTable } from "../terminal/show-table.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showTime } from "../terminal/show-text.ts";
import { noSites, sitesPath } from "../sites/site-reference.ts";
import { siteStateView, type SiteStateView } from "../sites/site-state-view.ts";

export const run: RunCommand = async (context, given) => {
  const sites = (await context.service().all(sitesPath)).map(siteStateView);
  print(context, { sites }, () => tableOf(sites));
  const isBad = ({ state, lastGood }: SiteStateView): boolean =>
    state === "failing" || state === "partial" || state === "unreadable" || lastGood === null;
  return given.flag("check") && sites.some(isBad) ? exitCodes.failed : exitCodes.done;
};

const tableOf = (sites: readonly SiteStateView[]): string => {
  if (sites.length === 0) return noSites;
  const columns = [
    { title: "SITE" },
    { title: "STATE" },
    { title: "LAST GOOD" },
    { title: "SIZE", right: true },
    { title: "KEPT", right: true },
    { title: "NEXT" },
  ];
  return showTable(columns, sites.map(rowOf));
};

const rowOf = (view: SiteStateView): readonly string[] => {
  const { site, state, running, last, lastGood, restorableBackups, isScheduled, next } = view;
  const shown =
    state === "running" && running !== null
      ? `${running.kind} runs`
      : (state === "failing" || state === "partial") && last !== null
        ? `${last.status} (${last.id})`
        : state;
  return [
    site,
    shown,
    lastGoodText(view),
    lastGood === null ? "-" : showBytes(lastGood.sizeBytes),
    state === "unreadable" ? "-" : String(restorableBackups),
    state === "unreadable" ? "-" : next === null ? (isScheduled ? "scheduled" : "by hand") : showTime(next),
  ];
};

const lastGoodText = ({ lastGood, state, restorableBackups }: SiteStateView): string => {
  if (lastGood !== null) return `${showTime(lastGood.finished ?? lastGood.created)} (${lastGood.id})`;
  if (state === "unreadable") return "unknown";
  // There are some, and all of them were found damaged.
  return restorableBackups > 0 ? "none" : "never";
};
