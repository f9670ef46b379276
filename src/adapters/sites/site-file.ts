import { link, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import * as z from "zod";
import { errorCode } from "../../domain/error-code.ts";
import { refuse } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import { isSiteName } from "../../domain/site.ts";
import type { SiteConfiguration } from "../../ports/site-host.ts";
import { putPrivateFile } from "../machine/private-file.ts";

/** One site as its file describes it (docs/sites.md). Slots are described alike, below `slots`. */
const folder = z.string().refine(isAbsolute, "an absolute path");
const siteName = z.string().refine(isSiteName, "letters (a to z), digits and hyphens, at most 60");

const slotName = siteName.refine((name) => name.toLowerCase() !== "production", "another name: this is the app itself");

const secret = z.string().transform((text) => new Secret(text));

const content = {
  /** Holds `site/wwwroot`, as an App Service home does. */
  home: folder.optional(),
  /** Only the served directory; it stands for `site/wwwroot`. */
  wwwroot: folder.optional(),
  /** More directories of the site, by the name they have in a backup. */
  directories: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/, "a plain name"), folder).default({}),
  /** `user` or `user:group` that restored files belong to, instead of the owners in the backup. */
  owner: z.string().optional(),
  stop: z.string().min(1, "a command").optional(),
  start: z.string().min(1, "a command").optional(),
  appSettings: z.record(z.string(), secret).default({}),
  connectionStrings: z.record(z.string(), z.object({ value: secret, type: z.string() })).default({}),
  tier: z.string().default("Standard"),
  destination: secret.optional(),
};

const oneRoot = (site: { readonly home?: string | undefined; readonly wwwroot?: string | undefined }): boolean =>
  (site.home === undefined) !== (site.wwwroot === undefined);
const oneRootMessage = { message: "either home or wwwroot must be given, and not both" };

const slot = z.strictObject(content).refine(oneRoot, oneRootMessage);

/** Where a site of this machine lies that says nothing else. */
export const localGroup = { subscription: "00000000-0000-0000-0000-000000000000", resourceGroup: "local" } as const;

const siteFile = z
  .strictObject({
    name: siteName.optional(),
    subscription: z.string().min(1).default(localGroup.subscription),
    resourceGroup: z.string().min(1).default(localGroup.resourceGroup),
    location: z.string().default("Local"),
    ...content,
    slots: z.record(slotName, slot).default({}),
  })
  .refine(oneRoot, oneRootMessage);

export type SiteContent = z.infer<typeof slot>;
export type SiteFile = z.infer<typeof siteFile> & { readonly name: string };

/** Throws SiteFileInvalid with everything that is wrong; never a value, for values are settings and may be secret. */
export const parseSiteFile = (path: string, text: string): SiteFile => {
  const file = basename(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse("SiteFileInvalid", { file, reason: `it is not JSON${placeOf(error, text)}.` });
  }
  const parsed = siteFile.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the site"}: ${issue.message}`);
    throw refuse("SiteFileInvalid", { file, reason: `${problems.join("; ")}.` });
  }
  const name = parsed.data.name ?? basename(path, ".json");
  if (!isSiteName(name))
    throw refuse("SiteFileInvalid", { file, reason: `name: "${name}" is not letters (a to z), digits and hyphens.` });
  return { ...parsed.data, name };
};

/** Where it stops being JSON, when Node tells. Nothing else of what Node says: it repeats the text. */
const placeOf = (error: unknown, text: string): string => {
  const said = error instanceof Error ? error.message : "";
  const at = /end of JSON/.test(said) ? text.length : /at position (\d+)/.exec(said)?.[1];
  if (at === undefined) return "";
  const before = text.slice(0, Number(at)).split("\n");
  return `: look at line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
};

/** Undefined when there is no such file; one that cannot be read is SiteFileInvalid, not a site that does not exist. */
export const readSiteFile = async (path: string): Promise<SiteFile | undefined> => {
  const text = await unlessMissing(path, async () => readFile(path, "utf8"));
  return text === undefined ? undefined : parseSiteFile(path, text);
};

export const unlessMissing = async <T>(path: string, read: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return undefined;
    const reason = `it cannot be read (${code}). Correct its rights, or look at its disk.`;
    throw refuse("SiteFileInvalid", { file: basename(path), reason }, { cause: error });
  }
};

/** Settings as the file has them: in clear, for it is its owner's alone. */
export const plainSettings = ({ appSettings, connectionStrings }: Partial<SiteConfiguration>): object => ({
  ...(appSettings && { appSettings: mapValues(appSettings, (value) => value.reveal()) }),
  ...(connectionStrings && {
    connectionStrings: mapValues(connectionStrings, ({ value, type }) => ({ value: value.reveal(), type })),
  }),
});

const mapValues = <From, To>(record: Readonly<Record<string, From>>, to: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]));

const changing = new Map<string, Promise<void>>();

type Change = (json: Record<string, unknown>) => void;

/**
 * Changes the file's JSON and replaces it atomically; mode 0600, for it holds the site's settings. One change at a time:
 * one of another process that has not come to its end by now never does. `mayStill` is asked last, and throws to stop it.
 */
export const changeSiteFile = async (
  path: string,
  change: Change,
  mayStill: () => Promise<void> = async () => undefined,
): Promise<void> => {
  const before = changing.get(path) ?? Promise.resolve();
  const mine = before.then(
    async () => changeNow(path, change, mayStill),
    async () => changeNow(path, change, mayStill),
  );
  changing.set(path, mine);
  try {
    await mine;
  } finally {
    if (changing.get(path) === mine) changing.delete(path);
  }
};

const changeNow = async (path: string, change: Change, mayStill: () => Promise<void>): Promise<void> => {
  await removeOthers(path);
  const json: unknown = JSON.parse(await readFile(path, "utf8"));
  if (typeof json !== "object" || json === null)
    throw refuse("SiteFileInvalid", { file: basename(path), reason: "it is not an object." });
  // Safe: an object of JSON is a record.
  change(json as Record<string, unknown>);
  await putPrivateFile(path, `${JSON.stringify(json, null, 2)}\n`, async (ready) => {
    await mayStill();
    try {
      await rename(ready, path);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      throw new Error(`${basename(path)} was changed by another process meanwhile.`, { cause: error });
    }
  });
};

/** What other processes were about to put in the file's place (`putPrivateFile`), those that died among them. */
const removeOthers = async (path: string): Promise<void> => {
  // No editor's: their names end otherwise.
  const isTemporary = /^[0-9a-f-]{36}$/;
  const prefix = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path)))
    if (name.startsWith(prefix) && isTemporary.test(name.slice(prefix.length)))
      await rm(join(dirname(path), name), { force: true });
};

/** False, and nothing is changed, when there is a file of this name. */
export const writeNew = async (path: string, text: string): Promise<boolean> => {
  try {
    await putPrivateFile(path, text, (ready) => link(ready, path));
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
};
