import * as z from "zod";
import { webhookForms, type Channel } from "../../domain/alarm.ts";
import type { Secret } from "../../domain/secret.ts";
import type { SiteId } from "../../domain/site.ts";
import type { Installation } from "../installation.ts";
import { alarmSettingsKey, sitePartition } from "../rows/keys.ts";
import { alarmsContext } from "../rows/sealed-fields.ts";
import { writeRow } from "../rows/write-row.ts";

export type AlarmDeps = Pick<Installation, "catalog" | "clock" | "sealer" | "sites" | "notifier" | "policy">;

/** Where alarms go. What is secret of it is opened when it is wanted: a key that is lost must not silence the others. */
interface NamedChannel {
  readonly name: string;
  readonly kind: Channel["kind"];
  /** Throws SecretUnreadable. */
  readonly open: () => Promise<Channel>;
}

/** What a site's owner wants besides the installation's channels. */
export interface SiteAlarms {
  readonly webhook?: { readonly url: Secret; readonly form: (typeof webhookForms)[number]; readonly secret?: Secret };
  readonly mailTo?: readonly string[];
  readonly heartbeat?: Secret;
}

/** Addresses of webhooks hold tokens, so they are sealed. */
const stored = z.object({
  webhook: z
    .object({ url: z.string(), form: z.enum(webhookForms), secret: z.string().exactOptional() })
    .exactOptional(),
  mailTo: z.array(z.string()).exactOptional(),
  heartbeat: z.string().exactOptional(),
});

type Field = Parameters<typeof alarmsContext>[1];
type Needs = Pick<AlarmDeps, "catalog" | "sealer">;

/** What anybody may know of a site's alarms. */
export interface ShownAlarms {
  readonly webhook?: { readonly form: (typeof webhookForms)[number]; readonly isSigned: boolean };
  readonly mailTo?: readonly string[];
  readonly hasHeartbeat: boolean;
}

/** A site's alarms as they are kept. What is secret throws SecretUnreadable when its key is lost. */
export interface KeptAlarms {
  readonly version: string;
  readonly shown: ShownAlarms;
  readonly webhook: () => Promise<SiteAlarms["webhook"]>;
  readonly heartbeat: () => Promise<Secret | undefined>;
}

export const readSiteAlarms = async ({ catalog, sealer }: Needs, site: SiteId): Promise<KeptAlarms | undefined> => {
  const row = await catalog.get(sitePartition(site), alarmSettingsKey);
  if (row === undefined) return undefined;
  const kept = stored.parse(row.value);
  const { webhook, heartbeat } = kept;
  const open = (sealed: string, field: Field): Promise<Secret> => sealer.open(sealed, alarmsContext(site, field));
  return {
    version: row.version,
    shown: shownAlarms(kept),
    webhook: async () =>
      webhook && {
        url: await open(webhook.url, "webhook"),
        form: webhook.form,
        ...(webhook.secret === undefined ? {} : { secret: await open(webhook.secret, "webhook secret") }),
      },
    heartbeat: async () => (heartbeat === undefined ? undefined : open(heartbeat, "heartbeat")),
  };
};

/** The same of what is sealed and of what is not. */
export const shownAlarms = ({ webhook, mailTo, heartbeat }: SiteAlarms | z.infer<typeof stored>): ShownAlarms => ({
  ...(webhook === undefined ? {} : { webhook: { form: webhook.form, isSigned: webhook.secret !== undefined } }),
  ...(mailTo === undefined ? {} : { mailTo }),
  hasHeartbeat: heartbeat !== undefined,
});

/** False when somebody else was faster. */
export const writeSiteAlarms = async (
  { catalog, sealer }: Needs,
  site: SiteId,
  { alarms, version }: { readonly alarms: SiteAlarms | undefined; readonly version: string | undefined },
): Promise<boolean> => {
  const key = alarmSettingsKey;
  if (alarms === undefined) return catalog.write(sitePartition(site), [{ kind: "remove", key }]);
  const { webhook, mailTo, heartbeat } = alarms;
  const seal = (secret: Secret, field: Field): Promise<string> => sealer.seal(secret, alarmsContext(site, field));
  const value = {
    ...(webhook === undefined
      ? {}
      : {
          webhook: {
            url: await seal(webhook.url, "webhook"),
            form: webhook.form,
            ...(webhook.secret === undefined ? {} : { secret: await seal(webhook.secret, "webhook secret") }),
          },
        }),
    ...(mailTo === undefined ? {} : { mailTo }),
    ...(heartbeat === undefined ? {} : { heartbeat: await seal(heartbeat, "heartbeat") }),
  };
  return catalog.write(sitePartition(site), [writeRow(key, value, version)]);
};

/** Where alarms of a site go, or those of the installation itself. */
export const channelsOf = async (deps: AlarmDeps, site: SiteId | undefined): Promise<readonly NamedChannel[]> => {
  const kept = site && (await readSiteAlarms(deps, site));
  const own = Object.entries(deps.policy.alarms.channels).map(([name, channel]) => ({
    name: `installation ${name}`,
    kind: channel.kind,
    open: async () => channel,
  }));
  return [...own, ...(kept === undefined ? [] : siteChannels(kept))];
};

const siteChannels = ({ shown: { webhook, mailTo, hasHeartbeat }, ...kept }: KeptAlarms): readonly NamedChannel[] => {
  const channels: NamedChannel[] = [];
  if (webhook !== undefined)
    channels.push({
      name: "webhook",
      kind: "webhook",
      open: async () => ({ kind: "webhook", ...there(await kept.webhook()) }),
    });
  if (mailTo !== undefined && mailTo.length > 0)
    channels.push({ name: "mail", kind: "mail", open: async () => ({ kind: "mail", to: mailTo }) });
  if (hasHeartbeat)
    channels.push({
      name: "heartbeat",
      kind: "ping",
      open: async () => ({ kind: "ping", url: there(await kept.heartbeat()) }),
    });
  return channels;
};

const there = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error("A channel that is shown is kept as well.");
  return value;
};
