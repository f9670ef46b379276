import { statSync } from "node:fs";
import type { FolderLister } from "../../ports/folder-lister.ts";
import type { LocalRoot } from "../../ports/site-files.ts";
import type { Exchange, SiteHost, SiteSettings } from "../../ports/site-host.ts";
import { accountNames } from "./account-names.ts";
import { realRoot } from "./beneath.ts";
import { areaOf, runsAt } from "./exchange/area.ts";
import { LocalExchange } from "./exchange/local-exchange.ts";
import type { ResolvedRoot } from "./list-root.ts";
import { LocalDirectory } from "./local-directory.ts";
import { placeOfflinePage, removeOfflinePage, type PagePlace } from "./offline-page.ts";
import { runCommand } from "./run-command.ts";
import { restoredOwners } from "./restored-owners.ts";
import { metadataSetter } from "./set-metadata.ts";

interface LocalSiteOptions {
  /** The home, or the served directory and further ones; at least one. */
  readonly roots: readonly LocalRoot[];
  readonly settings: SiteSettings;
  /** `user` or `user:group` that restored files belong to, instead of the owners in the archive. */
  readonly owner?: string;
  readonly stopCommand?: string;
  readonly startCommand?: string;
  /** Lists folders in threads. */
  readonly lister?: FolderLister;
}

/** A site that is directories of this machine. */
export const localSiteHost = ({
  roots,
  settings,
  owner,
  stopCommand,
  startCommand,
  lister,
}: LocalSiteOptions): SiteHost => {
  const files = new LocalDirectory(roots, lister);
  const owners = restoredOwners(owner);
  const resolved = (): readonly ResolvedRoot[] =>
    files.localRoots.map(({ at, directory }) => ({ at, real: realRoot(directory) }));

  return {
    files,
    settings,
    location: roots.map(({ directory }) => directory).join(", "),

    async content() {
      const isMissing = roots.some(({ directory }) => !statSync(directory, { throwIfNoEntry: false })?.isDirectory());
      if (isMissing) return "missing";
      for await (const { entries } of files.list())
        if (entries.some((entry) => entry.kind !== "directory")) return "present";
      return "empty";
    },

    exchange: (run): Exchange =>
      new LocalExchange({
        run,
        roots: resolved,
        setMetadata: owners.setMetadata,
        setMetadataBack: metadataSetter(accountNames()),
      }),

    ownerOf: owners.ownerOf,

    exchanges: async () => [...new Set(resolved().flatMap(runsAt))],

    async stop(run) {
      placeOfflinePage(pagePlace(resolved(), run), run);
      if (stopCommand === undefined) return "page";
      await runCommand(stopCommand, "stop");
      return "stopped";
    },

    async start(run) {
      if (startCommand !== undefined) await runCommand(startCommand, "start");
      removeOfflinePage(pagePlace(resolved(), run));
    },
  };
};

/** `site/wwwroot`, wherever it lies, and the first root's area, where all that a run remembers is. */
const pagePlace = (roots: readonly ResolvedRoot[], run: string): PagePlace => {
  const [main] = roots;
  if (main === undefined) throw new Error("The site has no directory.");
  const own = roots.find(({ at }) => at === "site/wwwroot");
  const home = roots.find(({ at }) => at === "");
  return { folder: own?.real ?? `${home?.real ?? ""}/site/wwwroot`, area: areaOf(main, run) };
};
