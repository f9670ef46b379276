import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../domain/error-code.ts";
import { refuse } from "../../domain/errors.ts";
import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import type { NewSite } from "../../ports/sites.ts";
import { makeFolder } from "../machine/make-folder.ts";
import { changeSiteFile, plainSettings, writeNew } from "./site-file.ts";

interface Places {
  /** Folder of site files. */
  readonly folder: string;
  /** New sites get their directory here. */
  readonly sitesRoot: string;
  /** Directories that belong to sites already. */
  readonly taken: readonly string[];
}

/** Makes the app's directory and file. Nothing that exists is taken over: neither a directory that holds something, nor a file. */
export const createApp = async (id: SiteId, places: Places): Promise<void> =>
  writeApp(id, { home: await newHome(id, places, id.name) }, places.folder);

/** Makes a slot's directory, and adds it to the app's file. */
export const createSlot = async (id: SiteId, appFile: string, places: Places): Promise<void> =>
  // A dot is in no site's name: the slot "staging" of "shop" is not the app "shop-staging".
  writeSlot(id, appFile, { home: await newHome(id, places, `${id.name}.${id.slot ?? "production"}`) });

/** The app's file, made new. */
export const writeApp = async (id: SiteId, description: NewSite, folder: string): Promise<void> => {
  await makeFolder(folder, 0o700);
  const { subscription, resourceGroup, name } = id;
  const text = `${JSON.stringify({ name, subscription, resourceGroup, ...inFile(description) }, null, 2)}\n`;
  for (const base of names(id, name)) if (await writeNew(join(folder, `${base}.json`), text)) return;
  throw refuse("SiteExists", { site: siteLabel(id) });
};

/** Adds the slot to the app's file. */
export const writeSlot = (id: SiteId, appFile: string, description: NewSite): Promise<void> =>
  changeSiteFile(appFile, (json) => {
    json["slots"] = { ...slotsOf(json), [id.slot ?? "production"]: inFile(description) };
  });

const inFile = (site: NewSite): object => ({ ...site, ...plainSettings(site) });

/** Takes the slot out of the app's file. */
export const removeSlot = (id: SiteId, appFile: string): Promise<void> =>
  changeSiteFile(appFile, (json) => {
    const gone = id.slot?.toLowerCase();
    json["slots"] = Object.fromEntries(Object.entries(slotsOf(json)).filter(([name]) => name.toLowerCase() !== gone));
  });

const slotsOf = (json: Readonly<Record<string, unknown>>): object =>
  typeof json["slots"] === "object" && json["slots"] !== null ? json["slots"] : {};

/** The plain name first; another site may have it, in another subscription or resource group. */
const names = (id: SiteId, plain: string): readonly string[] => {
  const base = plain.toLowerCase();
  return [base, `${base}.${createHash("sha256").update(siteKey(id)).digest("hex").slice(0, 8)}`];
};

const newHome = async (id: SiteId, { sitesRoot, taken }: Places, plain: string): Promise<string> => {
  const free = names(id, plain)
    .map((name) => join(sitesRoot, name))
    .find((home) => !taken.includes(home));
  if (free === undefined) throw refuse("SiteExists", { site: siteLabel(id) });
  if (await holdsFiles(free)) throw refuse("SiteDirectoryTaken", { site: siteLabel(id), directory: free });
  await makeFolder(join(free, "site", "wwwroot"));
  return free;
};

/** Empty directories are what an interrupted attempt left behind. */
const holdsFiles = async (directory: string): Promise<boolean> => {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    for (const entry of entries)
      if (!entry.isDirectory() || (await holdsFiles(join(directory, entry.name)))) return true;
    return false;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    if (errorCode(error) === "ENOTDIR") return true;
    throw error;
  }
};
