import type { IncomingMessage } from "node:http";
import { statSync } from "node:fs";
import { TLSSocket } from "node:tls";
import type { Answer } from "../service/answer.ts";
import { answerIn } from "../service/service.ts";
import type { CommandContext, RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../terminal/print.ts";
import { showName, showSeconds } from "../terminal/show-text.ts";
import { sitesPath } from "../sites/site-reference.ts";

interface Finding {
  readonly name: string;
  readonly state: "ok" | "warning" | "problem";
  readonly message: string;
  readonly advice: string | null;
}

export const run: RunCommand = async (context) => {
  const findings = await look(context);
  print(context, { checks: findings }, () => findings.map(textOf).join(""));
  return findings.some(({ state }) => state === "problem") ? exitCodes.failed : exitCodes.done;
};

const marks = { ok: "ok     ", warning: "warning", problem: "PROBLEM" } as const;

const textOf = ({ name, state, message, advice }: Finding): string =>
  `${marks[state]}  ${showName(name)}: ${showName(message)}\n${advice === null ? "" : `         -> ${showName(advice)}\n`}`;

const ok = (name: string, message: string): Finding => ({ name, state: "ok", message, advice: null });

/** What only a client sees, and then what the service says of itself. */
const look = async (context: CommandContext): Promise<readonly Finding[]> => {
  const sent = context.now().getTime();
  let response: IncomingMessage;
  try {
    response = await context.service().open("/providers/Lifeboat/checks");
  } catch (error) {
    if (error instanceof CommandFailure && ["AllSitesNeeded", "CallerNotAllowed"].includes(error.code))
      return lookAsReader(context);
    if (error instanceof CommandFailure)
      return [{ name: "service", state: "problem", message: error.message, advice: null }];
    throw error;
  }
  // First: a connection that is done with belongs to nobody.
  const certified = certificate(context, response);
  const answer = await answerIn(response);
  const version = answer.text("version");
  return [
    ok("service", `It answers at ${context.connection().url().origin}.`),
    ...certified,
    clock(answer.text("time"), { sent, received: context.now().getTime() }),
    version === context.version
      ? ok("version", `Both are ${version}.`)
      : {
          name: "version",
          state: "warning",
          message: `The service is ${version}, this is ${context.version}.`,
          advice: "Use the same version of both.",
        },
    ...keyFile(context),
    ...answer.list("checks").map(findingOf),
  ];
};

const lookAsReader = async (context: CommandContext): Promise<readonly Finding[]> => {
  const response = await context.service().open(sitesPath);
  const certified = certificate(context, response);
  response.resume();
  return [
    ok("service", `It answers at ${context.connection().url().origin}.`),
    ...certified,
    ...keyFile(context),
    {
      name: "installation",
      state: "warning",
      message: "Stores, disks and tools were not looked at: that needs the role admin, for all sites.",
      advice: "Name an admin's key by --key-file.",
    },
  ];
};

const findingOf = (item: Answer): Finding => {
  const state = item.text("state");
  return {
    name: item.text("name"),
    state: state === "ok" || state === "warning" ? state : "problem",
    message: item.text("message"),
    advice: item.textOr("advice", null),
  };
};

const dayMs = 86_400_000;

const certificate = ({ now }: CommandContext, { socket }: IncomingMessage): readonly Finding[] => {
  if (!(socket instanceof TLSSocket))
    return [
      {
        name: "certificate",
        state: "warning",
        message: "https is off: everything goes in the clear.",
        advice: "Set LIFEBOAT_TLS_PORT.",
      },
    ];
  const { valid_to: until } = socket.getPeerCertificate();
  const days = Math.floor((Date.parse(until) - now().getTime()) / dayMs);
  const message = `It is trusted, and valid for ${days} more days.`;
  return [
    days >= 14
      ? ok("certificate", message)
      : { name: "certificate", state: "warning", message, advice: "Restart Lifeboat, or renew your own certificate." },
  ];
};

/** More than this, and tokens and signatures begin to fail. */
const mostApartMs = 60_000;

const clock = (time: string, { sent, received }: { readonly sent: number; readonly received: number }): Finding => {
  const apartMs = Math.abs(Date.parse(time) - (sent + received) / 2);
  if (apartMs <= mostApartMs) return ok("clock", "The service's and this machine's agree.");
  const message = `The service's and this machine's are ${showSeconds(apartMs / 1_000)} apart.`;
  return {
    name: "clock",
    state: "warning",
    message,
    advice: "Set both by NTP: SAS, tokens and certificates depend on them.",
  };
};

/** A key that others can read is not a secret. */
const keyFile = (context: CommandContext): readonly Finding[] => {
  const { keySource } = context.connection();
  const found = statSync(keySource, { throwIfNoEntry: false });
  if (found === undefined || process.platform === "win32") return [];
  if ((found.mode & 0o077) === 0) return [ok("key", `${keySource} is readable by its owner alone.`)];
  return [
    {
      name: "key",
      state: "problem",
      message: `${keySource} can be read by others.`,
      advice: `chmod 600 ${keySource}; if somebody may have read it, revoke the key and make another.`,
    },
  ];
};
