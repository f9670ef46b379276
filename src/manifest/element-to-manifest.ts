import { pathFromBytes, type BytePath } from "../domain/byte-path.ts";
import { ManifestInvalid, type Manifest, type ManifestDatabase } from "../domain/manifest.ts";
import type { SiteId } from "../domain/site.ts";
import { unescapedBytes } from "./escaped-text.ts";
import type { Element } from "./manifest-xml.ts";

/** The value an element of format 1 stands for. Unknown elements and attributes are the caller's to find. */
export const toManifest = (root: Element): Manifest => {
  const [site, run, archive, contents] = [
    only(root, "site"),
    only(root, "run"),
    only(root, "archive"),
    only(root, "contents"),
  ];
  const leftOut = only(root, "leftOut");
  return {
    version: text(root, "lifeboat"),
    site: siteId(site),
    backup: {
      id: count(run, "backup"),
      name: text(run, "name"),
      run: text(run, "run"),
      scheduled: matching(run, "scheduled", /^(?:true|false)$/) === "true",
      started: time(run, "started"),
      finished: time(run, "finished"),
    },
    archive: {
      name: text(archive, "name"),
      sizeBytes: count(archive, "bytes"),
      commitId: matching(archive, "commitId", /^[0-9a-f]{64}-[0-9]{1,15}$/),
    },
    contents: {
      files: count(contents, "files"),
      folders: count(contents, "folders"),
      links: count(contents, "links"),
      contentBytes: count(contents, "bytes"),
      storedBytes: count(contents, "storedBytes"),
      changedWhileRead: count(contents, "changedWhileRead"),
    },
    filter: only(root, "filter").children.map((line) => ({ number: count(line, "number"), text: text(line, "text") })),
    leftOut: {
      count: atLeast(count(leftOut, "count"), leftOut.children.length),
      listed: leftOut.children.map((entry) => ({ path: path(entry, "path"), reason: text(entry, "reason") })),
    },
    databases: only(root, "databases").children.map(database),
    ...configuration(root.children.find(({ name }) => name === "configuration")),
  };
};

const siteId = (site: Element): SiteId => ({
  subscription: text(site, "subscription"),
  resourceGroup: text(site, "resourceGroup"),
  name: text(site, "name"),
  ...optional(site, "slot"),
});

const database = (one: Element): ManifestDatabase => ({
  entry: path(one, "entry"),
  type: text(one, "type"),
  name: text(one, "name"),
  ...optional(one, "connectionStringName"),
  tool: text(one, "tool"),
  toolVersion: text(one, "toolVersion"),
  sizeBytes: count(one, "bytes"),
  contentHash: matching(one, "contentHash", /^[0-9a-f]{64}$/),
});

const configuration = (one: Element | undefined): Pick<Manifest, "configuration"> =>
  one === undefined ? {} : { configuration: { entry: path(one, "entry"), ...optional(one, "recoveryKey") } };

const bad = (what: string): ManifestInvalid =>
  new ManifestInvalid("BadValue", `The manifest is not valid: ${what}. Take another backup.`);

const only = (parent: Element, name: string): Element => {
  const [child, second] = parent.children.filter((one) => one.name === name);
  if (child === undefined || second !== undefined) throw bad(`${parent.name} needs exactly one ${name}`);
  return child;
};

const attribute = (element: Element, name: string): string => {
  const value = element.attributes.get(name);
  if (value === undefined) throw bad(`${element.name} has no ${name}`);
  return value;
};

const bytesOf = (element: Element, name: string): Buffer => {
  const bytes = unescapedBytes(attribute(element, name));
  if (bytes === undefined) throw bad(`${element.name} ${name} has a percent sign without two digits`);
  return bytes;
};

const text = (element: Element, name: string): string => bytesOf(element, name).toString("utf8");

const path = (element: Element, name: string): BytePath => pathFromBytes(bytesOf(element, name));

const optional = <Name extends string>(element: Element, name: Name): { readonly [Key in Name]?: string } =>
  // The cast is safe: the one key is the name.
  (element.attributes.has(name) ? { [name]: text(element, name) } : {}) as { [Key in Name]?: string };

const matching = (element: Element, name: string, pattern: RegExp): string => {
  const value = attribute(element, name);
  if (!pattern.test(value)) throw bad(`${element.name} ${name} is ${JSON.stringify(value.slice(0, 100))}`);
  return value;
};

const count = (element: Element, name: string): number => {
  const value = Number(matching(element, name, /^(?:0|[1-9][0-9]{0,15})$/));
  if (!Number.isSafeInteger(value)) throw bad(`${element.name} ${name} is too large`);
  return value;
};

const atLeast = (value: number, least: number): number => {
  if (value < least) throw bad(`leftOut lists ${least} and counts ${value}`);
  return value;
};

const time = (element: Element, name: string): string => {
  const value = matching(element, name, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  if (Number.isNaN(Date.parse(value)) || new Date(value).toISOString() !== value)
    throw bad(`${element.name} ${name} is no time: ${value}`);
  return value;
};
