import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { refuse } from "../../domain/errors.ts";
import { isSiteName } from "../../domain/site.ts";

/** One site as its file describes it (docs/sites.md). Slots are described alike, below `slots`. */
const folder = z.string().refine(isAbsolute, "an absolute path");
const siteName = z.string().refine(isSiteName, "letters, digits and hyphens, at most 60");

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
  appSettings: z.record(z.string(), z.string()).default({}),
  connectionStrings: z.record(z.string(), z.object({ value: z.string(), type: z.string() })).default({}),
  tier: z.string().default("Standard"),
  destination: z.string().optional(),
};

const oneRoot = (site: { readonly home?: string | undefined; readonly wwwroot?: string | undefined }): boolean =>
  (site.home === undefined) !== (site.wwwroot === undefined);
const oneRootMessage = { message: "either home or wwwroot must be given, and not both" };

const slot = z.strictObject(content).refine(oneRoot, oneRootMessage);

const siteFile = z
  .strictObject({
    name: siteName.optional(),
    subscription: z.string().min(1).default("00000000-0000-0000-0000-000000000000"),
    resourceGroup: z.string().min(1).default("local"),
    location: z.string().default("Local"),
    ...content,
    slots: z.record(siteName, slot).default({}),
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
  } catch {
    throw refuse("SiteFileInvalid", { file, reason: "it is not JSON." });
  }
  const parsed = siteFile.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the site"}: ${issue.message}`);
    throw refuse("SiteFileInvalid", { file, reason: `${problems.join("; ")}.` });
  }
  const name = parsed.data.name ?? basename(path, ".json");
  if (!isSiteName(name))
    throw refuse("SiteFileInvalid", { file, reason: `name: "${name}" is not letters, digits and hyphens.` });
  return { ...parsed.data, name };
};

export const readSiteFile = async (path: string): Promise<SiteFile> =>
  parseSiteFile(path, await readFile(path, "utf8"));

/** Changes the file's JSON and replaces it atomically; mode 0600, for it holds the site's settings. */
export const changeSiteFile = async (path: string, change: (json: Record<string, unknown>) => void): Promise<void> => {
  const json: unknown = JSON.parse(await readFile(path, "utf8"));
  if (typeof json !== "object" || json === null)
    throw refuse("SiteFileInvalid", { file: basename(path), reason: "it is not an object." });
  // Safe: an object of JSON is a record.
  change(json as Record<string, unknown>);
  await writeAtomically(path, `${JSON.stringify(json, null, 2)}\n`);
};

export const writeAtomically = async (path: string, text: string): Promise<void> => {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
