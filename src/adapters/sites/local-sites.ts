import { readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { errorCode } from "../../domain/error-code.ts";
import { messageOf, refuse } from "../../domain/errors.ts";
import { siteKey, siteLabel, siteWithSlot, type SiteId } from "../../domain/site.ts";
import type { SiteSettings } from "../../ports/site-host.ts";
import type { SiteDefinition, Sites } from "../../ports/sites.ts";
import { checkDirectories, recursionProblem, type OwnFolders } from "./check-directories.ts";
import { createApp, createSlot, removeSlot, writeApp, writeSlot } from "./new-site.ts";
import {
  changeSiteFile,
  plainSettings,
  readSiteFile,
  unlessMissing,
  type SiteContent,
  type SiteFile,
} from "./site-file.ts";

/** What the host of a local site is made of. */
export interface LocalSite {
  readonly content: SiteContent;
  readonly settings: SiteSettings;
}

interface LocalSitesOptions {
  /** Folder of site files. */
  readonly folder: string;
  /** New sites get their directory here. */
  readonly sitesRoot: string;
  /** In or below these a site may be described by a caller. */
  readonly siteRoots?: readonly string[];
  /** No site may hold it, or lie in it but below `sitesRoot`: keys and backups would go into a backup. */
  readonly dataFolder?: string;
  readonly warn: (message: string) => void;
}

type Roots = Pick<SiteContent, "home" | "wwwroot" | "directories">;

interface Known {
  readonly definition: SiteDefinition;
  readonly content: SiteContent;
  readonly path: string;
}

interface LocalSites extends Sites {
  /** What the site's host is made of. Throws SiteNotFound. */
  local(id: SiteId): Promise<LocalSite>;

  /** Every directory of every site, as the files name them. */
  directories(): Promise<readonly string[]>;
}

/** Sites that are directories of this machine: one JSON file each, read again when it changes. */
export const localSites = ({ folder, sitesRoot, siteRoots = [], dataFolder, warn }: LocalSitesOptions): LocalSites => {
  const own: OwnFolders = { folder, dataFolder, sitesRoot };
  const cache = new Map<string, { readonly stamp: string; readonly file: SiteFile }>();

  const load = async (path: string): Promise<SiteFile | undefined> => {
    const found = await unlessMissing(path, async () => stat(path, { bigint: true }));
    if (found === undefined) return undefined;
    const stamp = `${found.mtimeNs} ${found.ino} ${found.size}`;
    const cached = cache.get(path);
    if (cached?.stamp === stamp) return cached.file;
    const file = await readSiteFile(path);
    if (file === undefined) return undefined;
    const problem = await recursionProblem(directoriesIn(file), own);
    if (problem !== undefined) throw refuse("SiteFileInvalid", { file: basename(path), reason: problem });
    cache.set(path, { stamp, file });
    return file;
  };

  /** Once for each file and fault: sites are listed often. */
  const warned = new Map<string, string>();
  const warnOnce = (path: string, message: string): void => {
    if (warned.get(path) !== message) warn(message);
    warned.set(path, message);
  };

  const all = async (tell = warnOnce): Promise<readonly Known[]> => {
    const known = new Map<string, Known>();
    for (const name of await siteFiles(folder)) {
      const path = join(folder, name);
      try {
        const file = await load(path);
        for (const site of file === undefined ? [] : sitesOf(file, path)) {
          const key = siteKey(site.definition.id);
          const other = known.get(key);
          const used = other === undefined || hasUsualName(site) ? site : other;
          known.set(key, used);
          const ignored = used === site ? other : site;
          if (ignored !== undefined) tell(ignored.path, describedTwice(used, ignored));
        }
      } catch (error) {
        tell(path, messageOf(error));
      }
    }
    return [...known.values()];
  };

  const find = async (id: SiteId): Promise<Known | undefined> => {
    const wanted = siteKey(id);
    // The usual name of the file first; and its faults are told, not taken for "no such site".
    const path = join(folder, usualName(id));
    const file = /^[a-z0-9-]+$/i.test(id.name) ? await load(path) : undefined;
    const direct = file && sitesOf(file, path).find((site) => siteKey(site.definition.id) === wanted);
    return direct ?? (await all()).find((site) => siteKey(site.definition.id) === wanted);
  };

  const made = async (id: SiteId): Promise<SiteDefinition> => {
    const found = await find(id);
    if (found === undefined) throw new Error(`The site ${siteLabel(id)} was made and is not there.`);
    return found.definition;
  };

  return {
    find: async (id) => (await find(id))?.definition,
    list: async () => (await all()).map((site) => site.definition).toSorted(byName),

    async create(id) {
      if ((await find(id)) !== undefined) throw refuse("SiteExists", { site: siteLabel(id) });
      const places = { folder, sitesRoot, taken: directoriesOf(await all()) };
      if (id.slot === undefined) await createApp(id, places);
      else {
        const app = await find(siteWithSlot(id, undefined));
        if (app === undefined) throw refuse("SiteNotFound", { name: id.name, group: id.resourceGroup });
        await createSlot(id, app.path, places);
      }
      return made(id);
    },

    async problems() {
      const problems: string[] = [];
      await all((_path, message) => void problems.push(message));
      return problems;
    },

    async describedAs(id) {
      const { home, wwwroot, directories } = (await find(id))?.content ?? {};
      if (directories === undefined) return undefined;
      return { ...(home === undefined ? {} : { home }), ...(wwwroot === undefined ? {} : { wwwroot }), directories };
    },

    async describe(id, description) {
      if ((await find(id)) !== undefined) throw refuse("SiteKnown", { site: siteLabel(id) });
      const named = rootsOf({ directories: {}, ...description });
      await checkDirectories(named, { roots: [...new Set([sitesRoot, ...siteRoots])], own });
      const app = await find(siteWithSlot(id, undefined));
      if (id.slot === undefined) await writeApp(id, description, folder);
      else if (app === undefined) throw refuse("SiteNotFound", { name: id.name, group: id.resourceGroup });
      else await writeSlot(id, app.path, description);
      return made(id);
    },

    async forget(id) {
      const known = await find(id);
      if (known === undefined) return false;
      if (id.slot === undefined) await rm(known.path, { force: true });
      else await removeSlot(id, known.path);
      return true;
    },

    directories: async () => directoriesOf(await all()),

    async local(id) {
      const site = await find(id);
      if (site === undefined) throw refuse("SiteNotFound", { name: siteLabel(id), group: id.resourceGroup });
      return { content: site.content, settings: settingsOf(site) };
    },
  };
};

const sitesOf = (file: SiteFile, path: string): Known[] => {
  const app: SiteId = { subscription: file.subscription, resourceGroup: file.resourceGroup, name: file.name };
  const known = (id: SiteId, content: SiteContent): Known => {
    const definition = { id, location: file.location, tier: content.tier };
    const destination = content.destination;
    return {
      definition: destination === undefined ? definition : { ...definition, defaultDestination: destination },
      content,
      path,
    };
  };
  const slots = Object.entries(file.slots).map(([slot, content]) => known(siteWithSlot(app, slot), content));
  return [known(app, file), ...slots];
};

/** `find` looks there first. */
const usualName = ({ name }: SiteId): string => `${name.toLowerCase()}.json`;
const hasUsualName = ({ definition, path }: Known): boolean => basename(path) === usualName(definition.id);

const describedTwice = (used: Known, ignored: Known): string =>
  `The site ${siteLabel(used.definition.id)} is described in ${basename(used.path)} and in ${basename(ignored.path)}; the second is not used.`;

const byName = (one: SiteDefinition, other: SiteDefinition): number => {
  const [first, second] = [one, other].map(({ id }) => siteLabel(id).toLowerCase());
  return first === second ? 0 : (first ?? "") < (second ?? "") ? -1 : 1;
};

const directoriesOf = (sites: readonly Known[]): readonly string[] => sites.flatMap(({ content }) => rootsOf(content));

const directoriesIn = (file: SiteFile): readonly string[] => [file, ...Object.values(file.slots)].flatMap(rootsOf);

const rootsOf = ({ home, wwwroot, directories }: Roots): readonly string[] =>
  [home, wwwroot, ...Object.values(directories)].filter((path) => path !== undefined);

const siteFiles = async (folder: string): Promise<readonly string[]> => {
  try {
    const names = await readdir(folder);
    return names.filter((text) => text.endsWith(".json") && !text.startsWith(".")).toSorted();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return [];
    const reason = `the folder of site files, ${folder}, cannot be read (${code}).`;
    throw refuse("Unavailable", { reason }, { cause: error });
  }
};

/** The file's own maps; a restore replaces both, and leaves the rest of the file as it is. */
const settingsOf = (site: Known): SiteSettings => ({
  read: async () => ({
    appSettings: site.content.appSettings,
    connectionStrings: site.content.connectionStrings,
  }),
  write: (configuration, mayStill) =>
    changeSiteFile(
      site.path,
      (json) => {
        const target = slotJson(json, site.definition.id.slot);
        Object.assign(target, plainSettings(configuration));
      },
      mayStill,
    ),
});

const slotJson = (json: Record<string, unknown>, slot: string | undefined): Record<string, unknown> => {
  if (slot === undefined) return json;
  const slots = json["slots"];
  const key =
    typeof slots === "object" && slots !== null
      ? Object.keys(slots).find((name) => name.toLowerCase() === slot.toLowerCase())
      : undefined;
  if (key === undefined) throw new Error(`The slot ${slot} is no longer in the site's file.`);
  // Safe: the file was parsed with this slot as an object a moment ago.
  return (slots as Record<string, Record<string, unknown>>)[key] ?? {};
};
