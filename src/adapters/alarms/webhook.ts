import { createHmac } from "node:crypto";
import type { Alarm, Channel } from "../../domain/alarm.ts";
import { siteResourceId } from "../../domain/site.ts";
import type { OutgoingMessage } from "../outgoing/send-outgoing.ts";

type Webhook = Extract<Channel, { kind: "webhook" }>;

export const webhookMessage = (
  { url, form, secret }: Webhook,
  alarm: Alarm,
  now: Date,
): Omit<OutgoingMessage, "timeoutMs"> => {
  const body = JSON.stringify(forms[form](alarm));
  const type = form === "cloudevents" ? "application/cloudevents+json" : "application/json";
  return {
    method: "POST",
    url: url.reveal(),
    body,
    headers: {
      "user-agent": "lifeboat",
      "content-type": `${type}; charset=utf-8`,
      ...(secret === undefined ? {} : signature(secret.reveal(), { id: alarm.id, now, body })),
    },
  };
};

/** As the Standard Webhooks specification signs: `v1,` and HMAC-SHA256 over id, time and body. */
const signature = (
  secret: string,
  { id, now, body }: { readonly id: string; readonly now: Date; readonly body: string },
): Record<string, string> => {
  const time = String(Math.floor(now.getTime() / 1000));
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret, "utf8");
  const signed = createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": `v1,${signed}` };
};

/** CloudEvents 1.0 in structured mode. */
const cloudEvent = ({ id, kind, time, site, backup, restore, title, text }: Alarm): object => ({
  specversion: "1.0",
  id,
  source: site === undefined ? "/lifeboat" : siteResourceId(site),
  type: typeOf(kind),
  time,
  ...(backup === undefined ? {} : { subject: `backups/${backup.id}` }),
  ...(restore === undefined ? {} : { subject: `operations/${restore.id}` }),
  datacontenttype: "application/json",
  data: {
    title,
    text,
    ...(site === undefined ? {} : { site: siteResourceId(site) }),
    ...(backup === undefined ? {} : { backup }),
    ...(restore === undefined ? {} : { restore }),
  },
});

const ofRestores = "restore-";

/** `lifeboat.backup.failed`, `lifeboat.restore.failed`. */
const typeOf = (kind: Alarm["kind"]): string =>
  kind.startsWith(ofRestores) ? `lifeboat.restore.${kind.slice(ofRestores.length)}` : `lifeboat.backup.${kind}`;

const symbols: Readonly<Record<Alarm["kind"], string>> = {
  failed: "\u{1F534}",
  missing: "\u{1F534}",
  partial: "\u{1F7E1}",
  recovered: "\u{1F7E2}",
  succeeded: "\u{1F7E2}",
  "restore-failed": "\u{1F534}",
  "restore-put-back": "\u{1F7E1}",
  digest: "\u{1F4CB}",
  test: "\u{1F514}",
};

/** Slack takes `&`, `<` and `>` for markup. */
const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

const slackMessage = ({ kind, title, text }: Alarm): object => ({
  text: [`${symbols[kind]} *${escaped(title)}*`, ...(text === "" ? [] : [`\`\`\`${escaped(text)}\`\`\``])].join("\n"),
});

/** An adaptive card, as Teams' workflows take it. */
const teamsMessage = ({ kind, title, text }: Alarm): object => ({
  type: "message",
  attachments: [
    {
      contentType: "application/vnd.microsoft.card.adaptive",
      content: {
        $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        type: "AdaptiveCard",
        version: "1.4",
        body: [
          { type: "TextBlock", size: "Medium", weight: "Bolder", wrap: true, text: `${symbols[kind]} ${title}` },
          ...(text === "" ? [] : [{ type: "TextBlock", fontType: "Monospace", wrap: true, text }]),
        ],
      },
    },
  ],
});

const forms = { cloudevents: cloudEvent, slack: slackMessage, teams: teamsMessage };
