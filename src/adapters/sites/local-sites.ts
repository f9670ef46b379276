import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, refuse } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import { siteKey, siteLabel, siteWithSlot, type SiteId } from "../../domain/site.ts";
import type { SiteConfiguration, SiteSettings } from "../../ports/site-host.ts";
import type { SiteDefinition, Sites } from "../../ports/sites.ts";
import { changeSiteFile, readSiteFile, writeAtomically, type SiteContent, type SiteFile } from "./site-file.ts";

/** What the host of a local site is made of. */
export interface LocalSite {
  readonly id: SiteId;
  readonly content: SiteContent;
  readonly settings: SiteSettings;
}

export interface LocalSitesOptions {
  /** Folder of site files. */
  readonly folder: string;
  /** New sites get their directory here. */
  readonly sitesRoot: string;
  readonly warn: (message: string) => void;
}

interface Known {
  readonly definition: SiteDefinition;
  readonly content: SiteContent;
  readonly path: string;
}

export interface LocalSites extends Sites {
  /** What the site's host is made of. Throws SiteNotFound. */
  local(id: SiteId): Promise<LocalSite>;

  /** Every directory of every site, as the files name them. */
  directories(): Promise<readonly string[]>;
}

/** Sites that are directories of this machine: one JSON file each, read again when it changes. */
export const localSites = ({ folder, sitesRoot, warn }: LocalSitesOptions): LocalSites => {
  const cache = new Map<string, { readonly stamp: string; readonly file: SiteFile }>();

  const load = async (path: string): Promise<SiteFile | undefined> => {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    if (found === undefined) return undefined;
    const stamp = `${found.mtimeNs} ${found.ino} ${found.size}`;
    const cached = cache.get(path);
    if (cached?.stamp === stamp) return cached.file;
    const file = await readSiteFile(path);
    cache.set(path, { stamp, file });
    return file;
  };

  const all = async (): Promise<readonly Known[]> => {
    const names = await readdir(folder).catch(() => []);
    const known: Known[] = [];
    for (const name of names.filter((text) => text.endsWith(".json") && !text.startsWith(".")).sort()) {
      const path = join(folder, name);
      try {
        const file = await load(path);
        if (file !== undefined) known.push(...sitesOf(file, path));
      } catch (error) {
        warn(messageOf(error));
      }
    }
    return known;
  };

  const find = async (id: SiteId): Promise<Known | undefined> => {
    const wanted = siteKey(id);
    // The usual name of the file first; and its faults are told, not taken for "no such site".
    const path = join(folder, `${id.name.toLowerCase()}.json`);
    const file = /^[a-z0-9-]+$/i.test(id.name) ? await load(path) : undefined;
    const direct = file && sitesOf(file, path).find((site) => siteKey(site.definition.id) === wanted);
    return direct ?? (await all()).find((site) => siteKey(site.definition.id) === wanted);
  };

  return {
    find: async (id) => (await find(id))?.definition,
    list: async () => (await all()).map((site) => site.definition),

    async create(id) {
      if ((await find(id)) !== undefined) throw refuse("SiteExists", { site: siteLabel(id) });
      if (id.slot === undefined) await createApp(id, { folder, sitesRoot });
      else await createSlot(id, id.slot, { app: await find(siteWithSlot(id, undefined)), sitesRoot });
      const made = await find(id);
      if (made === undefined) throw new Error(`The site ${siteLabel(id)} was made and is not there.`);
      return made.definition;
    },

    directories: async () =>
      (await all()).flatMap(({ content: { home, wwwroot, directories } }) =>
        [home, wwwroot, ...Object.values(directories)].filter((path) => path !== undefined),
      ),

    async local(id) {
      const site = await find(id);
      if (site === undefined) throw refuse("SiteNotFound", { name: siteLabel(id), group: id.resourceGroup });
      return { id: site.definition.id, content: site.content, settings: settingsOf(site) };
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

interface Places {
  readonly folder: string;
  readonly sitesRoot: string;
}

const createApp = async (id: SiteId, { folder, sitesRoot }: Places): Promise<void> => {
  const home = join(sitesRoot, id.name.toLowerCase());
  await mkdir(join(home, "site", "wwwroot"), { recursive: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { subscription, resourceGroup, name } = id;
  await writeAtomically(
    join(folder, `${name.toLowerCase()}.json`),
    `${JSON.stringify({ name, subscription, resourceGroup, home }, null, 2)}\n`,
  );
};

const createSlot = async (
  id: SiteId,
  slot: string,
  { app, sitesRoot }: { readonly app: Known | undefined; readonly sitesRoot: string },
): Promise<void> => {
  if (app === undefined) throw refuse("SiteNotFound", { name: id.name, group: id.resourceGroup });
  const home = join(sitesRoot, `${id.name}-${slot}`.toLowerCase());
  await mkdir(join(home, "site", "wwwroot"), { recursive: true });
  await changeSiteFile(app.path, (json) => {
    const slots = typeof json["slots"] === "object" && json["slots"] !== null ? json["slots"] : {};
    json["slots"] = { ...slots, [slot]: { home } };
  });
};

/** The file's own maps; a restore replaces both, and leaves the rest of the file as it is. */
const settingsOf = (site: Known): SiteSettings => ({
  read: async () => ({
    appSettings: mapValues(site.content.appSettings, (value) => new Secret(value)),
    connectionStrings: mapValues(site.content.connectionStrings, ({ value, type }) => ({
      value: new Secret(value),
      type,
    })),
  }),
  write: (configuration) =>
    changeSiteFile(site.path, (json) => {
      const target = slotJson(json, site.definition.id.slot);
      Object.assign(target, plainSettings(configuration));
    }),
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

const plainSettings = (configuration: SiteConfiguration) => ({
  appSettings: mapValues(configuration.appSettings, (value) => value.reveal()),
  connectionStrings: mapValues(configuration.connectionStrings, ({ value, type }) => ({ value: value.reveal(), type })),
});

const mapValues = <From, To>(record: Readonly<Record<string, From>>, to: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]));
