import * as z from "zod";
import { siteKey, siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { Installation } from "../installation.ts";
import { retainSite } from "./retain-site.ts";
import { retentionRoundKey, roundsPartition } from "../rows/keys.ts";
import { readNoteOfTimer } from "../rows/note-rows.ts";

const round = z.object({
  began: z.iso.datetime(),
  /** The last site seen to; absent: the round has ended. */
  after: z.string().exactOptional(),
});
type Round = z.infer<typeof round>;

const everyMs = 3_600_000;
/** Some plans end a function after five minutes. */
const shareMs = 4 * 60_000;
const noteEach = 100;

/**
 * Retention of every site that is there, and `also` what else is to be done for each, once an hour; a share of some
 * minutes each time it is called, so that very many sites get their turn too. A site that is gone keeps its backups:
 * nothing new takes their place.
 */
export const retainAll = (deps: Installation, also: (site: SiteId) => Promise<void>) => {
  const retain = retainSite(deps);
  return async (call: Call): Promise<void> => {
    const began = deps.clock.now();
    const noted = { partition: roundsPartition, key: retentionRoundKey, form: round };
    const before = (await readNoteOfTimer(deps.catalog, call, noted)).value;
    const isDone = before !== undefined && before.after === undefined;
    const sinceMs = before === undefined ? 0 : began.getTime() - Date.parse(before.began);
    // Not so after a clock that was ahead has been put right.
    if (isDone && sinceMs >= 0 && sinceMs < everyMs) return;
    const now: Round = before?.after === undefined ? { began: began.toISOString() } : before;
    const sites = (await deps.sites.list()).map(({ id }) => ({ key: siteKey(id), id }));
    const rest = sites
      .filter(({ key }) => key > (now.after ?? ""))
      .toSorted((one, two) => (one.key < two.key ? -1 : 1));
    for (const [index, { id }] of rest.entries()) {
      const isOver = deps.clock.now().getTime() - began.getTime() > shareMs;
      const last = rest[index - 1];
      if (last !== undefined && (isOver || index % noteEach === 0))
        await writeRound(deps, { began: now.began, after: last.key });
      if (isOver) return;
      await seeTo(call, { site: id, retain, also });
    }
    await writeRound(deps, { began: now.began });
  };
};

interface Turn {
  readonly site: SiteId;
  readonly retain: ReturnType<typeof retainSite>;
  readonly also: (site: SiteId) => Promise<void>;
}

/** One site's trouble must not keep the others' backups; it comes again with the next round. */
const seeTo = async (call: Call, { site, retain, also }: Turn): Promise<void> => {
  try {
    await retain(call, site);
    await also(site);
  } catch (error) {
    call.log.error("retention of a site failed", { site: siteLabel(site), error });
  }
  // A service with very many sites answers requests meanwhile.
  await new Promise((resolve) => setImmediate(resolve));
};

/** Only a hint where to go on: a share that runs twice decides the same. */
const writeRound = async ({ catalog }: Installation, value: Round): Promise<void> => {
  await catalog.writeNews(roundsPartition, { key: retentionRoundKey, value });
};
