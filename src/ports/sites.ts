import type { SiteId } from "../domain/site.ts";
import type { SiteHost } from "./site-host.ts";

/** What is known of a site besides its content. */
export interface SiteDefinition {
  readonly id: SiteId;
  /** ARM's display form of a region; "Local" on one machine. */
  readonly location: string;
  readonly tier: string;
  /** Where its backups go when a request names no container. */
  readonly defaultDestination?: string;
}

/** The sites this installation looks after. */
export interface Sites {
  /** By id, ignoring case. Undefined when unknown; throws SiteFileInvalid when its file cannot be understood. */
  find(id: SiteId): Promise<SiteDefinition | undefined>;

  /** All of them, apps and slots, by name. What cannot be understood is left out and logged. */
  list(): Promise<readonly SiteDefinition[]>;

  /** Makes a new, empty site of this id. Throws SiteExists when it is known already. */
  create(id: SiteId): Promise<SiteDefinition>;
}

/** Opens a site where it lives. */
export interface SiteHosts {
  /** The site's files and configuration. Throws SiteNotFound. */
  host(id: SiteId): Promise<SiteHost>;
}
