import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { isCode } from "../../domain/error-code.ts";
import { parseServiceFile, serviceFileName, type ServiceFile } from "../../domain/service-file.ts";
import { CommandFailure } from "../command-failure.ts";
import type { Connection, Environment } from "./connection.ts";
import { exitCodes } from "../exit-code.ts";
import type { Trust } from "./http-exchange.ts";
import { keyInEnvironment, keyInFile } from "./key-file.ts";
import { readText } from "../files/read-text.ts";

/** The service on this machine: its data folder says where it answers, how to know it, and holds its key. */
export const localConnection = ({
  dataFolder: named,
  keyFile,
  environment,
}: {
  readonly dataFolder: string | undefined;
  readonly keyFile: string | undefined;
  readonly environment: Environment;
}): Connection => {
  const dataFolder = resolve(named ?? join(homedir(), ".lifeboat"));
  let service: ServiceFile | undefined;
  const found = (): ServiceFile => (service ??= readService(dataFolder));
  const given = keyFile === undefined ? keyInEnvironment(environment) : undefined;
  const file = keyFile ?? join(dataFolder, "admin-key");
  return {
    name: dataFolder,
    url: () => new URL(found().tlsUrl ?? found().url),
    trust: () => trustOf(found()),
    key: async () => given ?? keyInFile(file),
    keySource: given === undefined ? file : "LIFEBOAT_KEY",
    dataFolder,
    trustAdvice: `It is not the certificate of the service in ${dataFolder}: another program answers there. Look what listens, and start Lifeboat again.`,
    lineAdvice: startAdvice,
    renew: () => {
      service = undefined;
    },
  };
};

const startAdvice = "Start it with `npm start`, or say where it is by --url, --profile or --data.";

const readService = (dataFolder: string): ServiceFile => {
  const file = join(dataFolder, serviceFileName);
  const missing = (): CommandFailure => {
    const reason = existsSync(dataFolder) ? `no service runs on ${dataFolder}` : `there is no ${dataFolder}`;
    return new CommandFailure(
      exitCodes.unreachable,
      "NotRunning",
      `Lifeboat does not run here: ${reason}. ${startAdvice}`,
    );
  };
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR")) throw missing();
    text = readText(file, "what says where the service is");
  }
  const service = parseServiceFile(text);
  if (service === undefined)
    throw new CommandFailure(
      exitCodes.failed,
      "ServiceFileInvalid",
      `${file} is not understood. Start Lifeboat again.`,
    );
  return service;
};

/** Only who holds the key of that certificate gets the admin's key: a port can be taken by anybody. */
const trustOf = ({ tlsUrl, trust }: ServiceFile): Trust | undefined => {
  if (tlsUrl === undefined || trust === undefined) return undefined;
  return {
    pem: readText(trust.file, "what the service's certificate is known by"),
    isPinned: trust.kind === "certificate",
  };
};
