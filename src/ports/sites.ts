import type { Secret } from "../domain/secret.ts";
import type { SiteId } from "../domain/site.ts";
import type { SiteConfiguration, SiteHost } from "./site-host.ts";

/** What is known of a site besides its content. */
export interface SiteDefinition {
  readonly id: SiteId;
  /** ARM's display form of a region; "Local" on one machine. */
  readonly location: string;
  readonly tier: string;
  /** Where its backups go when a request names no container. */
  readonly defaultDestination?: Secret;
}

/** The directories of a site: either `home` or `wwwroot`, and more by the name they have in a backup. */
export interface SiteDescription {
  readonly home?: string;
  readonly wwwroot?: string;
  readonly directories?: Readonly<Record<string, string>>;
}

/** What a site is made of: its directories, and the configuration that its host reads from then on. */
export interface NewSite extends SiteDescription, Partial<SiteConfiguration> {}

/** The sites this installation looks after. */
export interface Sites {
  /** By id, ignoring case. Undefined when unknown; throws SiteFileInvalid when its file cannot be understood. */
  find(id: SiteId): Promise<SiteDefinition | undefined>;

  /** All of them, apps and slots, by name. What cannot be understood is left out and logged. */
  list(): Promise<readonly SiteDefinition[]>;

  /** What cannot be understood or is not used, a sentence each. */
  problems(): Promise<readonly string[]>;

  /** Where the site's files lie, as it is described. Undefined when it is unknown. */
  describedAs(id: SiteId): Promise<SiteDescription | undefined>;

  /**
   * Makes a site of directories that are there; nothing in them is changed. A slot's app has to be known. Throws SiteKnown,
   * and SiteDirectoryRefused for what is not there, not allowed, or holds Lifeboat's own files.
   */
  describe(id: SiteId, description: NewSite): Promise<SiteDefinition>;

  /** Forgets the site, and with an app its slots; its directories stay as they are. False when it was not known. */
  forget(id: SiteId): Promise<boolean>;

  /** Makes a new, empty site of this id. Throws SiteExists when it is known already. */
  create(id: SiteId): Promise<SiteDefinition>;
}

/** Opens a site where it lives. */
export interface SiteHosts {
  /** The site's files and configuration. Throws SiteNotFound. */
  host(id: SiteId): Promise<SiteHost>;
}
