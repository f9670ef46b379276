import { alarmId, isFor, type Alarm } from "../../domain/alarm.ts";
import { messageOf, refuse } from "../../domain/errors.ts";
import { SecretUnreadable, type Secret } from "../../domain/secret.ts";
import { siteLabel, type SiteId } from "../../domain/site.ts";
import type { Call } from "../../ports/call.ts";
import type { SiteDefinition } from "../../ports/sites.ts";
import {
  channelsOf,
  readSiteAlarms,
  shownAlarms,
  writeSiteAlarms,
  type AlarmDeps,
  type KeptAlarms,
  type ShownAlarms,
  type SiteAlarms,
} from "./alarm-channels.ts";
import { findSite } from "../find-site.ts";

/** A webhook without its url keeps the stored one and its secret: callers never see them, and send back what they saw. */
export interface SiteAlarmsRequest extends Omit<SiteAlarms, "webhook"> {
  readonly webhook?: Partial<NonNullable<SiteAlarms["webhook"]>>;
  /** A heartbeat is meant whose address the caller never saw: the stored one stays. */
  readonly keepsHeartbeat: boolean;
}

export interface AlarmsOfSite {
  readonly site: SiteDefinition;
  readonly alarms: ShownAlarms;
}

export const putSiteAlarms =
  (deps: AlarmDeps) =>
  async (call: Call, id: SiteId, request: SiteAlarmsRequest): Promise<AlarmsOfSite> => {
    const site = await findSite(deps, id);
    refuseAddress(deps, "properties.webhook.url", request.webhook?.url);
    refuseAddress(deps, "properties.heartbeatUrl", request.heartbeat);
    for (let attempt = 0; attempt < 20; attempt++) {
      const before = await readSiteAlarms(deps, id);
      const alarms = await merged(before, request);
      if (!(await writeSiteAlarms(deps, id, { alarms, version: before?.version }))) continue;
      call.log.info("alarms changed", { site: siteLabel(id), caller: call.caller });
      return { site, alarms: shownAlarms(alarms) };
    }
    throw refuse("Unavailable", { reason: `the alarms of ${siteLabel(id)} are being changed by too many callers.` });
  };

const refuseAddress = ({ notifier }: AlarmDeps, field: string, url: Secret | undefined): void => {
  const reason = url && notifier.addressProblem(url);
  if (reason !== undefined) throw refuse("InvalidField", { field, reason });
};

const merged = async (old: KeptAlarms | undefined, request: SiteAlarmsRequest): Promise<SiteAlarms> => {
  const { webhook, mailTo } = request;
  const heartbeat = request.heartbeat ?? (request.keepsHeartbeat ? await old?.heartbeat() : undefined);
  return {
    ...(webhook === undefined ? {} : { webhook: await mergedWebhook(old, webhook) }),
    ...(mailTo === undefined ? {} : { mailTo }),
    ...(heartbeat === undefined ? {} : { heartbeat }),
  };
};

const mergedWebhook = async (
  kept: KeptAlarms | undefined,
  given: NonNullable<SiteAlarmsRequest["webhook"]>,
): Promise<NonNullable<SiteAlarms["webhook"]>> => {
  const old = given.url === undefined ? await kept?.webhook() : await readable(kept);
  const { url = old?.url, form = kept?.shown.webhook?.form ?? "cloudevents" } = given;
  if (url === undefined)
    throw refuse("InvalidField", { field: "properties.webhook.url", reason: "expected the address of the webhook." });
  // Another address gets no secret that was meant for the one before.
  const secret = given.secret ?? (old?.url.equals(url) === true ? old.secret : undefined);
  return { url, form, ...(secret === undefined ? {} : { secret }) };
};

/** One that cannot be opened any more is as good as none where another is given. */
const readable = async (kept: KeptAlarms | undefined): Promise<SiteAlarms["webhook"]> => {
  try {
    return await kept?.webhook();
  } catch (error) {
    if (error instanceof SecretUnreadable) return undefined;
    throw error;
  }
};

export const getSiteAlarms =
  (deps: AlarmDeps) =>
  async (_call: Call, id: SiteId): Promise<AlarmsOfSite> => {
    const site = await findSite(deps, id);
    return { site, alarms: (await readSiteAlarms(deps, id))?.shown ?? { hasHeartbeat: false } };
  };

/** Deleting what is not there is not an error. */
export const deleteSiteAlarms =
  (deps: AlarmDeps) =>
  async (call: Call, id: SiteId): Promise<void> => {
    await findSite(deps, id);
    await writeSiteAlarms(deps, id, { alarms: undefined, version: undefined });
    call.log.info("alarms deleted", { site: siteLabel(id), caller: call.caller });
  };

export interface TestedChannel {
  readonly channel: string;
  /** Why it was not taken; absent when it was. */
  readonly problem?: string;
}

/** Sends a test to every channel at once, past the queue: who presses the button wants to know now. */
export const testAlarms =
  (deps: AlarmDeps) =>
  async (call: Call, id: SiteId | undefined): Promise<readonly TestedChannel[]> => {
    if (id !== undefined) await findSite(deps, id);
    const alarm = testAlarm(id, deps.clock.now(), call);
    const channels = (await channelsOf(deps, id)).filter(({ kind }) => isFor(kind, "test"));
    return Promise.all(
      channels.map(async ({ name, open }) => {
        try {
          await deps.notifier.send(await open(), alarm);
          return { channel: name };
        } catch (error) {
          return { channel: name, problem: messageOf(error) };
        }
      }),
    );
  };

const testAlarm = (site: SiteId | undefined, now: Date, { requestId, caller }: Call): Alarm => ({
  id: alarmId("test", site, requestId),
  kind: "test",
  time: now.toISOString(),
  ...(site === undefined ? {} : { site }),
  title: `A test of ${site === undefined ? "the installation" : siteLabel(site)}'s alarms`,
  text: `${caller} asked for it. Nothing is wrong.`,
});
