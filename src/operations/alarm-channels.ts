import * as z from "zod";
import { webhookForms, type Channel } from "../domain/alarm.ts";
import type { Secret } from "../domain/secret.ts";
import type { SiteId } from "../domain/site.ts";
import type { Installation } from "./installation.ts";
import { alarmSettingsKey, sitePartition } from "./rows/keys.ts";
import { alarmsContext } from "./rows/sealed-fields.ts";

export type AlarmDeps = Pick<Installation, "catalog" | "clock" | "sealer" | "sites" | "notifier" | "policy">;

export interface NamedChannel {
  readonly name: string;
  readonly channel: Channel;
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

export const readSiteAlarms = async (
  { catalog, sealer }: Needs,
  site: SiteId,
): Promise<{ readonly alarms: SiteAlarms; readonly version: string } | undefined> => {
  const row = await catalog.get(sitePartition(site), alarmSettingsKey);
  if (row === undefined) return undefined;
  const { webhook, mailTo, heartbeat } = stored.parse(row.value);
  const open = (sealed: string, field: Field): Promise<Secret> => sealer.open(sealed, alarmsContext(site, field));
  return {
    version: row.version,
    alarms: {
      ...(webhook === undefined
        ? {}
        : {
            webhook: {
              url: await open(webhook.url, "webhook"),
              form: webhook.form,
              ...(webhook.secret === undefined ? {} : { secret: await open(webhook.secret, "webhook secret") }),
            },
          }),
      ...(mailTo === undefined ? {} : { mailTo }),
      ...(heartbeat === undefined ? {} : { heartbeat: await open(heartbeat, "heartbeat") }),
    },
  };
};

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
  return catalog.write(sitePartition(site), [
    version === undefined ? { kind: "insert", key, value } : { kind: "replace", key, value, version },
  ]);
};

/** Where alarms of a site go, or those of the installation itself. */
export const channelsOf = async (deps: AlarmDeps, site: SiteId | undefined): Promise<readonly NamedChannel[]> => [
  ...Object.entries(deps.policy.alarms.channels).map(([name, channel]) => ({ name: `installation ${name}`, channel })),
  ...(site === undefined ? [] : siteChannels((await readSiteAlarms(deps, site))?.alarms ?? {})),
];

const siteChannels = ({ webhook, mailTo, heartbeat }: SiteAlarms): readonly NamedChannel[] => [
  ...(webhook === undefined ? [] : [{ name: "webhook", channel: { kind: "webhook", ...webhook } as const }]),
  ...(mailTo === undefined || mailTo.length === 0
    ? []
    : [{ name: "mail", channel: { kind: "mail", to: mailTo } as const }]),
  ...(heartbeat === undefined ? [] : [{ name: "heartbeat", channel: { kind: "ping", url: heartbeat } as const }]),
];
