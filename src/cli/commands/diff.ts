import { findBackup } from "../choose-backup.ts";
import type { RunCommand } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../print.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showMany, showName } from "../show-text.ts";
import { findSite } from "../site-reference.ts";

const marks: Readonly<Record<string, string>> = { added: "+", removed: "-", changed: "M", adjusted: "~" };

export const run: RunCommand = async (context, given) => {
  const service = context.service();
  const site = await findSite(service, given.need("SITE"));
  const { id } = await findBackup(context, site, given.need("BACKUP"));
  const other = given.need("OTHER");
  const to = other.toLowerCase() === "live" ? "live" : (await findBackup(context, site, other)).id;
  const answer = await service.get(`${site.path}/backups/${id}/compare`, {
    query: { with: String(to), path: given.text("PATH"), limit: "50000" },
  });
  const properties = answer.object("properties");
  const counts = properties.object("counts");
  const count = (change: string) => ({
    entries: counts.object(change).number("entries"),
    sizeBytes: counts.object(change).number("sizeInBytes"),
  });
  const view = {
    site: site.label,
    backup: id,
    with: to,
    counts: {
      added: count("added"),
      removed: count("removed"),
      changed: count("changed"),
      adjusted: count("adjusted"),
    },
    changes: answer.list("value").map((item) => ({
      path: item.text("path"),
      kind: item.text("kind"),
      change: item.text("change"),
      sizeBytes: item.numberOr("sizeBytes", null),
    })),
    more: properties.number("more"),
  };
  print(context, view, () => textOf(view));
  return exitCodes.done;
};

interface DiffView {
  readonly counts: Readonly<Record<string, { readonly entries: number; readonly sizeBytes: number }>>;
  readonly changes: readonly { readonly path: string; readonly kind: string; readonly change: string }[];
  readonly more: number;
}

const textOf = ({ counts, changes, more }: DiffView): string => {
  if (changes.length === 0) return "Nothing differs.\n";
  const summary = Object.entries(counts)
    .filter(([, { entries }]) => entries > 0)
    .map(
      ([change, { entries, sizeBytes }]) =>
        `${entries} ${change}${sizeBytes === 0 ? "" : ` (${showBytes(sizeBytes)})`}`,
    );
  return [
    ...changes.map(
      ({ path, kind, change }) => `${marks[change] ?? "?"} ${showName(path)}${kind === "directory" ? "/" : ""}\n`,
    ),
    ...(more > 0 ? [`and ${showMany(more, "more", "more")}\n`] : []),
    `${summary.join(", ")}\n`,
  ].join("");
};
