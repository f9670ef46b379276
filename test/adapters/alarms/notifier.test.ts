import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { afterEach, describe, expect, it } from "vitest";
import { networkNotifier } from "../../../src/adapters/alarms/notifier.ts";
import { backupAlarm, type Channel, type WebhookForm } from "../../../src/domain/alarm.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { endedBackup } from "../../operations/alarms/alarm-world.ts";
import { shop } from "../../support/installation.ts";

const alarm = {
  ...backupAlarm("failed", shop, endedBackup(7, "Failed", new Date("2026-11-21T12:00:00Z"))),
  text: "The disk <full> & more.",
};

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly body: string;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A receiver on this machine that answers as told; 0: never. */
const receiver = async (status: number, headers: Record<string, string> = {}) => {
  const got: Got[] = [];
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString("utf8")));
    request.on("end", () => {
      got.push({ headers: request.headers, method: request.method ?? "", body });
      if (status !== 0) response.writeHead(status, headers).end("thanks");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  // Safe: a server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo;
  return { got, host: `127.0.0.1:${port}`, url: new Secret(`http://127.0.0.1:${port}/hook?token=hidden`) };
};

const clock = { now: () => new Date("2026-11-21T12:34:56.789Z") };

const hookTo = (url: Secret, form: WebhookForm = "cloudevents", secret?: Secret): Channel => ({
  kind: "webhook",
  url,
  form,
  ...(secret === undefined ? {} : { secret }),
});

describe("a webhook", () => {
  it("gets a CloudEvent, signed so that a receiver can check it", async () => {
    const { got, host, url } = await receiver(204);
    await networkNotifier({ clock, outgoing: { privateHosts: [host] } }).send(
      hookTo(url, "cloudevents", new Secret("shared")),
      alarm,
    );
    const [{ headers, body, method } = { headers: {}, body: "", method: "" }] = got;
    expect(method).toBe("POST");
    expect(headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
    expect(JSON.parse(body)).toEqual({
      specversion: "1.0",
      id: "failed!s!g!shop!!7",
      source: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop",
      type: "lifeboat.backup.failed",
      subject: "backups/7",
      time: "2026-11-21T12:00:00.000Z",
      datacontenttype: "application/json",
      data: {
        title: "shop: backup 7 (b7) failed",
        text: "The disk <full> & more.",
        site: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop",
        backup: alarm.backup,
      },
    });
    expect(headers["webhook-timestamp"], "by the service's own clock").toBe(
      String(Date.parse("2026-11-21T12:34:56Z") / 1_000),
    );
    const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
    const expected = createHmac("sha256", "shared").update(signed).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
  });

  it("is a message for Slack, whose markup an alarm cannot write", async () => {
    const { got, host, url } = await receiver(200);
    await networkNotifier({ clock, outgoing: { privateHosts: [host] } }).send(hookTo(url, "slack"), alarm);
    expect(JSON.parse(got[0]?.body ?? "")).toEqual({
      text: "\u{1F534} *shop: backup 7 (b7) failed*\n```The disk &lt;full&gt; &amp; more.```",
    });
  });

  it("is an adaptive card for Teams", async () => {
    const { got, host, url } = await receiver(202);
    await networkNotifier({ clock, outgoing: { privateHosts: [host] } }).send(hookTo(url, "teams"), alarm);
    expect(JSON.parse(got[0]?.body ?? "")).toMatchObject({
      type: "message",
      attachments: [
        {
          content: {
            type: "AdaptiveCard",
            body: [{ text: "\u{1F534} shop: backup 7 (b7) failed" }, { text: alarm.text }],
          },
        },
      ],
    });
  });

  it.each([
    [500, {}],
    [404, {}],
    [302, { location: "http://127.0.0.1:1/" }],
  ])("that answers %i has not taken it, and its address stays hidden", async (status, headers) => {
    const { got, host, url } = await receiver(status, headers);
    const sending = networkNotifier({ clock, outgoing: { privateHosts: [host] } }).send(hookTo(url), alarm);
    await expect(sending).rejects.toThrow(`${host} answered ${status}.`);
    await expect(sending).rejects.not.toThrow("hidden");
    expect(got).toHaveLength(1);
  });

  it("that never answers has not taken it", async () => {
    const { host, url } = await receiver(0);
    const sending = networkNotifier({ clock, outgoing: { privateHosts: [host] }, timeoutMs: 200 }).send(
      hookTo(url),
      alarm,
    );
    await expect(sending).rejects.toThrow(host);
  });

  it("that cannot be reached has not taken it", async () => {
    const { host, url } = await receiver(200);
    for (const close of closing.splice(0)) close();
    await expect(
      networkNotifier({ clock, outgoing: { privateHosts: [host] } }).send(hookTo(url), alarm),
    ).rejects.toThrow("ECONNREFUSED");
  });
});

describe("where a webhook may lead", () => {
  const send = (url: string): Promise<void> =>
    networkNotifier({ clock, outgoing: { privateHosts: [] } }).send(hookTo(new Secret(url)), alarm);

  it.each([
    ["https://127.0.0.1/", "private network"],
    ["https://localhost/", "private network"],
    ["https://169.254.169.254/metadata/identity/oauth2/token", "never allowed"],
    ["http://hooks.example/", "plain http"],
    ["ftp://hooks.example/", "scheme"],
    ["nonsense", "not a URL"],
  ])("not to %s", async (url, reason) => {
    await expect(send(url)).rejects.toThrow(reason);
  });
});

describe("mail", () => {
  const smtp = async (isRefusing = false) => {
    const mails: { readonly to: readonly string[]; readonly text: string; readonly user: string }[] = [];
    const server = new SMTPServer({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        password === "pass" ? done(null, { user: username ?? "" }) : done(new Error("wrong password")),
      onRcptTo: (_address, _session, done) => done(isRefusing ? new Error("no such user") : null),
      onData(stream, session, done) {
        let text = "";
        stream.on("data", (part: Buffer) => (text += part.toString("utf8")));
        stream.on("end", () => {
          mails.push({ text, to: session.envelope.rcptTo.map(({ address }) => address), user: String(session.user) });
          done();
        });
      },
    });
    const listening = server.listen(0, "127.0.0.1");
    await once(listening, "listening");
    closing.push(() => server.close());
    // Safe: a server that listens on a port has such an address.
    return { mails, port: (listening.address() as AddressInfo).port };
  };
  const notifierOf = (port: number, password = "pass") =>
    networkNotifier({
      clock,
      mail: { server: new Secret(`smtp://me:${password}@127.0.0.1:${port}`), from: "lifeboat@example.org" },
      outgoing: { privateHosts: [] },
    });

  it("reaches everybody named, with what happened in the subject", async () => {
    const { mails, port } = await smtp();
    await notifierOf(port).send({ kind: "mail", to: ["a@example.org", "b@example.org"] }, alarm);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({ to: ["a@example.org", "b@example.org"], user: "me" });
    expect(mails[0]?.text).toMatch(/^Subject: \[Lifeboat\] shop: backup 7 \(b7\) failed\r$/m);
    expect(mails[0]?.text).toMatch(/^From: lifeboat@example\.org\r$/m);
    expect(mails[0]?.text).toMatch(/^X-Lifeboat-Alarm-ID: failed!s!g!shop!!7\r$/m);
    expect(mails[0]?.text).toContain("The disk <full> & more.");
  });

  it("that is refused was not sent, and no password is told", async () => {
    const refusing = await smtp(true);
    await expect(notifierOf(refusing.port).send({ kind: "mail", to: ["a@example.org"] }, alarm)).rejects.toThrow(
      "the mail server did not take it",
    );
    const { port } = await smtp();
    const sending = notifierOf(port, "hidden").send({ kind: "mail", to: ["a@example.org"] }, alarm);
    await expect(sending).rejects.toThrow("the mail server did not take it");
    await expect(sending).rejects.not.toThrow("hidden");
  });

  it("without a server says which setting is missing", async () => {
    const sending = networkNotifier({ clock, outgoing: { privateHosts: [] } }).send(
      { kind: "mail", to: ["a@example.org"] },
      alarm,
    );
    await expect(sending).rejects.toThrow("LIFEBOAT_SMTP");
  });
});
