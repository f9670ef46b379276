import type { Channel } from "../../domain/alarm.ts";
import { messageOf } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import { NotSent, type Notifier } from "../../ports/notifier.ts";
import { outgoingProblem, type OutgoingPolicy } from "../outgoing/outgoing-url.ts";
import { sendOutgoing, type OutgoingMessage } from "../outgoing/send-outgoing.ts";
import { mailer, type MailSettings } from "./mail.ts";
import { webhookMessage } from "./webhook.ts";

interface NotifierSettings {
  readonly mail?: MailSettings;
  /** A site's own webhook comes from a caller. */
  readonly outgoing: OutgoingPolicy;
  /** Receivers check when a webhook was signed. */
  readonly clock: Clock;
  /** Who takes longer has not taken it. */
  readonly timeoutMs?: number;
}

/** Alarms over the network. */
export const networkNotifier = ({ mail, outgoing, clock, timeoutMs = 10_000 }: NotifierSettings): Notifier => {
  const post = mail && mailer(mail);
  const ask = sendOutgoing(outgoing);
  const send = async (message: Omit<OutgoingMessage, "timeoutMs">): Promise<void> => {
    const { status } = await ask({ ...message, timeoutMs }).catch((error: unknown) => {
      throw new NotSent(messageOf(error));
    });
    if (status < 200 || status > 299) throw new NotSent(`${new URL(message.url).host} answered ${status}.`);
  };
  return {
    addressProblem: (url) => outgoingProblem(url.reveal(), outgoing),
    async send(channel: Channel, alarm) {
      switch (channel.kind) {
        case "webhook":
          return send(webhookMessage(channel, alarm, clock.now()));
        case "ping":
          return send({ method: "GET", url: channel.url.reveal() });
        case "mail":
          if (post === undefined) throw new NotSent("no mail server is set. Set LIFEBOAT_SMTP.");
          return post(channel.to, alarm);
      }
    },
  };
};
