import { nameWithStamp, zipName } from "../../domain/backup.ts";
import { refuse } from "../../domain/errors.ts";
import type { SiteId } from "../../domain/site.ts";
import { openContainer } from "../containers/credentials.ts";
import type { Installation } from "../installation.ts";
import { reserveName } from "../rows/name-rows.ts";

interface NameWish {
  readonly container: string;
  readonly name: string;
  readonly site: SiteId;
  readonly now: Date;
  /** Of a planned run: its time, by which it finds its own reservation again. */
  readonly planned?: string;
}

/** Reserves the name in the container, or the name with a time stamp where it is taken by us or by a blob we never wrote. */
export const freeName = async (deps: Installation, wish: NameWish): Promise<string> => {
  const { container } = wish;
  for (let attempt = -1; attempt < 20; attempt++) {
    const blobBase = attempt < 0 ? wish.name : nameWithStamp(wish.name, wish.now, attempt);
    if (attempt < 0 && (await isTakenInContainer(deps, container, blobBase))) continue;
    const name = { container, blobBase };
    const { site, now, planned } = wish;
    const reserved = await reserveName(deps.catalog, name, {
      site,
      since: now.toISOString(),
      now: deps.clock.now(),
      ...(planned === undefined ? {} : { planned }),
    });
    if (reserved) return blobBase;
  }
  throw refuse("Unavailable", { reason: `no free name like ${wish.name} was found in the container.` });
};

/** A container that does not answer is not this request's failure: the run reports it, as App Service does. */
const isTakenInContainer = async (deps: Installation, container: string, blobBase: string): Promise<boolean> => {
  try {
    const destination = await openContainer(deps, container);
    return (await destination.head(zipName(blobBase))) !== undefined;
  } catch {
    // The run's own checks look again before anything is written, and the commit is refused where a blob exists.
    return false;
  }
};
