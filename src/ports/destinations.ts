import type { Secret } from "../domain/secret.ts";
import type { Destination } from "./destination.ts";

/** Opens containers by URL, within what this installation may reach. */
export interface Destinations {
  /**
   * `container` is an https container URL without its query, or a `file:` URL; `credential` the SAS (the query).
   * Throws DestinationRefused when policy forbids it. Nothing is contacted yet.
   */
  open(container: string, credential: Secret | undefined): Promise<Destination>;
}
