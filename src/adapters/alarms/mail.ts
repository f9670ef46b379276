import { createTransport } from "nodemailer";
import type { Alarm } from "../../domain/alarm.ts";
import { messageOf } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import { siteResourceId } from "../../domain/site.ts";
import { NotSent } from "../../ports/notifier.ts";

export interface MailSettings {
  /** `smtp://user:password@host:587` (STARTTLS where it is offered) or `smtps://...`. */
  readonly server: Secret;
  readonly from: string;
}

const timeoutMs = 10_000;

export const mailer = ({ server, from }: MailSettings) => {
  const transport = createTransport(server.reveal(), {
    from,
    // Mail is text: nothing of an alarm makes the server read files or addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  Object.assign(transport.options, {
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
  });
  return async (to: readonly string[], alarm: Alarm): Promise<void> => {
    try {
      await transport.sendMail({
        to: [...to],
        subject: `[Lifeboat] ${alarm.title}`,
        text: textOf(alarm),
        // The same for a mail that is sent again.
        messageId: `<${alarm.id}@lifeboat.invalid>`,
        headers: headersOf(alarm),
      });
    } catch (error) {
      throw new NotSent(`the mail server did not take it: ${messageOf(error)}`);
    }
  };
};

const textOf = ({ title, text, time, site, backup, restore }: Alarm): string =>
  [
    title,
    "",
    ...(text === "" ? [] : [text, ""]),
    `Time: ${time}`,
    ...(site === undefined ? [] : [`Site: ${siteResourceId(site)}`]),
    ...(backup === undefined ? [] : [`Backup: ${backup.id} (${backup.name}), ${backup.status}`]),
    ...(restore === undefined ? [] : [`Operation: ${restore.id} (${restore.kind}), ${restore.status}`]),
    "",
  ].join("\r\n");

const headersOf = ({ id, kind }: Alarm): Record<string, string> => ({
  "X-Lifeboat-Alarm": kind,
  "X-Lifeboat-Alarm-Id": id,
  // Programs that answer mail by themselves leave such mail alone.
  "Auto-Submitted": "auto-generated",
});
