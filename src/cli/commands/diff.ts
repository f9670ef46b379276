import { findBackup } from "../backups/choose-backup.ts";
import type { RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showMany, showName } from "../terminal/show-text.ts";
import type { Service } from "../service/service.ts";
import { findSite } from "../sites/site-reference.ts";

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
  const path = given.text("PATH");
  if (path !== undefined && view.changes.length === 0)
    await refuseAbsent(service, `${site.path}/backups/${id}/files`, path);
  print(context, view, () => textOf(view));
  return exitCodes.done;
};

/** Nothing differs either where there is nothing: a mistyped path is no good news. */
const refuseAbsent = async (service: Service, files: string, path: string): Promise<void> => {
  try {
    await service.get(files, { query: { path, limit: "1" } });
  } catch (error) {
    // It may be a file, which cannot be listed.
    if (error instanceof CommandFailure && error.exitCode === exitCodes.refused) return;
    throw error;
  }
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
