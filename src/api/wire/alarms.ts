import { isMailAddress, webhookForms, type WebhookForm } from "../../domain/alarm.ts";
import { refuse } from "../../domain/errors.ts";
import type { AlarmsOfSite, SiteAlarmsRequest, TestedChannel } from "../../operations/alarms/site-alarms.ts";
import { fields, properties, type JsonObject } from "./lenient-json.ts";
import { siteEnvelope } from "./site.ts";

export const parseAlarmsRequest = (body: JsonObject): SiteAlarmsRequest => {
  const given = properties(body);
  const webhook = given.object("webhook");
  const mailTo = given.texts("mailTo");
  const heartbeat = given.secret("heartbeatUrl");
  for (const address of mailTo ?? [])
    if (!isMailAddress(address))
      throw refuse("InvalidField", { field: "properties.mailTo", reason: `"${address}" is no mail address.` });
  return {
    ...(webhook === undefined ? {} : { webhook: parseWebhook(webhook) }),
    ...(mailTo === undefined ? {} : { mailTo }),
    ...(heartbeat === undefined ? {} : { heartbeat }),
    keepsHeartbeat: given.text("heartbeatUrl") === "",
  };
};

const parseWebhook = (object: JsonObject): NonNullable<SiteAlarmsRequest["webhook"]> => {
  const at = "properties.webhook";
  const given = fields(object, at);
  const url = given.secret("url");
  const secret = given.secret("secret");
  const word = given.text("form")?.toLowerCase();
  const form = word === undefined || word === "" ? undefined : formOf(word);
  return {
    ...(url === undefined ? {} : { url }),
    ...(form === undefined ? {} : { form }),
    ...(secret === undefined ? {} : { secret }),
  };
};

const formOf = (word: string): WebhookForm => {
  const form = webhookForms.find((one) => one === word);
  if (form === undefined)
    throw refuse("InvalidField", {
      field: "properties.webhook.form",
      reason: `expected one of ${webhookForms.join(", ")}.`,
    });
  return form;
};

/** Addresses hold tokens, so they are blank: what comes back blank stays as it is. */
export const alarmsReply = ({ site, alarms: { webhook, mailTo, hasHeartbeat } }: AlarmsOfSite) => ({
  ...siteEnvelope(site),
  properties: {
    webhook: webhook === undefined ? null : { url: "", ...webhook, secret: "" },
    mailTo: mailTo ?? [],
    heartbeatUrl: hasHeartbeat ? "" : null,
  },
});

export const testReply = (channels: readonly TestedChannel[]) => ({
  value: channels.map(({ channel, problem }) => ({
    channel,
    sent: problem === undefined,
    ...(problem === undefined ? {} : { problem }),
  })),
});
