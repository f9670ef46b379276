import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { databaseLabel, DatabaseFailure, type DatabaseConnection } from "../../../domain/database.ts";
import { databaseToken, type EntraToken } from "../entra-token.ts";
import type { FindTool } from "../find-tool.ts";
import { runTool } from "../tool-process.ts";
import { sqlServerFailure } from "./sql-server-failure.ts";
import { verifiesServer } from "./tedious-client.ts";

export interface PackageNeeds {
  readonly findTool: FindTool;
  readonly token: EntraToken;
}

interface PackageCall {
  readonly connection: DatabaseConnection;
  readonly database: string;
  /** For the BACPAC, the response file and SqlPackage's own buffers. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export const sqlPackagePath = ({ findTool }: PackageNeeds): string => {
  const found = findTool("sqlpackage");
  if (found !== undefined) return found;
  throw new DatabaseFailure(
    "ToolMissing",
    "sqlpackage is not on this machine. Install it (`dotnet tool install --global microsoft.sqlpackage`, or Microsoft's zip), or name its folder in LIFEBOAT_DATABASE_TOOLS.",
  );
};

/** As `sqlpackage /Version` tells it: `162.5.57.1`. */
export const sqlPackageVersion = async (needs: PackageNeeds, signal: AbortSignal): Promise<string> => {
  const said = await runTool({ command: sqlPackagePath(needs), args: ["/Version:True"], env: environment, signal });
  return /\d+(?:\.\d+)+/.exec(said)?.[0] ?? "0";
};

const environment = { DACFX_TELEMETRY_OPTOUT: "1", DOTNET_CLI_TELEMETRY_OPTOUT: "1" } as const;

export const exportPackage = (needs: PackageNeeds, call: PackageCall): Promise<string> => {
  const file = join(call.folder, "database.bacpac");
  const own = [`/TargetFile:${file}`, "/OverwriteFiles:True", `/p:TempDirectoryForTableData=${call.folder}`];
  return run(needs, call, { action: "Export", side: "Source", own }).then(() => file);
};

export interface ServiceLevel {
  readonly edition: string;
  readonly objective: string;
}

/** Into a database that is not there. Azure's default would be another price: the live database's level is given. */
export const importPackage = async (
  needs: PackageNeeds,
  call: PackageCall,
  { file, level }: { readonly file: string; readonly level?: ServiceLevel | undefined },
): Promise<void> => {
  const levels =
    level === undefined
      ? []
      : [`/p:DatabaseEdition=${level.edition}`, `/p:DatabaseServiceObjective=${level.objective}`];
  await run(needs, call, { action: "Import", side: "Target", own: [`/SourceFile:${file}`, ...levels] });
};

interface Action {
  readonly action: "Export" | "Import";
  /** Which end the server is. */
  readonly side: "Source" | "Target";
  readonly own: readonly string[];
}

const run = async (needs: PackageNeeds, call: PackageCall, { action, side, own }: Action): Promise<void> => {
  const { connection, database, folder, signal } = call;
  const { user, signIn, tls } = connection;
  const responseFile = join(folder, "response.rsp");
  writeFileSync(responseFile, `${await secretArgument(needs, connection, side)}\n`, { mode: 0o600 });
  const args = [
    `/Action:${action}`,
    `/${side}ServerName:${serverName(connection)}`,
    `/${side}DatabaseName:${database}`,
    ...(signIn === "token" || user === undefined ? [] : [`/${side}User:${user}`]),
    `/${side}EncryptConnection:${tls.mode === "disable" ? "False" : "True"}`,
    `/${side}TrustServerCertificate:${verifiesServer(connection) ? "False" : "True"}`,
    `/${side}Timeout:30`,
    "/Quiet:True",
    ...own,
    `@${responseFile}`,
  ];
  try {
    await runTool({ command: sqlPackagePath(needs), args, env: { ...environment, TMPDIR: folder }, signal });
  } catch (error) {
    throw sqlServerFailure(error, connection);
  }
};

const serverName = ({ host, port, instance }: DatabaseConnection): string => {
  const named = instance === undefined || port !== undefined ? "" : `\\${instance}`;
  return `tcp:${host.includes(":") ? `[${host}]` : host}${named}${port === undefined ? "" : `,${port}`}`;
};

const secretArgument = async (
  { token }: PackageNeeds,
  connection: DatabaseConnection,
  side: Action["side"],
): Promise<string> => {
  if (connection.signIn === "token") {
    const secret = await databaseToken(token, connection);
    return responseArgument("AccessToken", secret.reveal()) ?? "";
  }
  const argument = responseArgument(`${side}Password`, connection.password?.reveal() ?? "");
  if (argument !== undefined) return argument;
  throw new DatabaseFailure(
    "LoginRefused",
    `The password for ${databaseLabel(connection)} holds a line break, or a backslash before a quotation mark or white space, which SqlPackage's response files cannot carry. Choose another one.`,
  );
};

/**
 * One argument as SqlPackage reads it from a file, its only way besides the command line. White space needs quotation
 * marks around; one in the value is written `\""`; a backslash is plain unless a quotation mark follows it. Undefined where
 * those rules leave no way.
 */
export const responseArgument = (name: string, value: string): string | undefined => {
  if (/[\r\n\0]|\\["\s]/.test(value)) return undefined;
  const [, body = "", end = ""] = /^([^]*?)(\\*)$/.exec(value) ?? [];
  return `"/${name}:${body.replaceAll('"', String.raw`\""`)}"${end}`;
};
