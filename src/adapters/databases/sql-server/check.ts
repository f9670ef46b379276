import { databaseLabel, DatabaseFailure } from "../../../domain/database.ts";
import type { DatabaseCheck } from "../../../ports/database-tool.ts";
import { asked, type CopyWork } from "./consistent-copy.ts";
import { exists } from "./databases.ts";
import { textOf } from "./sql-client.ts";
import { sqlPackageVersion, type PackageNeeds, type ServiceLevel } from "./package-call.ts";

/** The oldest that takes TLS and tokens as they are given here. */
const oldestMajor = 161;

export const checkDatabase = async (
  needs: PackageNeeds,
  work: CopyWork,
  purpose: "dump" | "load",
): Promise<DatabaseCheck> => {
  const { connection } = work;
  const toolVersion = await sqlPackageVersion(needs, work.signal);
  if (Number.parseInt(toolVersion, 10) < oldestMajor)
    throw new DatabaseFailure("ToolTooOld", `sqlpackage ${toolVersion} is too old. Install ${oldestMajor} or newer.`);
  if (purpose === "load" && connection.isReadOnly)
    throw new DatabaseFailure(
      "NotAllowed",
      `${databaseLabel(connection)} is a copy that can only be read. Name the writable server for a restore.`,
    );
  const [server] = await asked(
    work,
    "master",
    "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(40)) AS version",
  );
  const common = { tool: "sqlpackage", toolVersion, serverVersion: textOf(server?.["version"]) };
  if (!(await exists(work, connection.database))) {
    if (purpose === "load") return { ...common, content: "missing", sizeBytes: 0, weaker: weaker(purpose) };
    throw new DatabaseFailure(
      "DatabaseMissing",
      `The database ${databaseLabel(connection)} does not exist, or its user may not see it.`,
    );
  }
  const [content] = await asked(
    work,
    connection.database,
    "SELECT (SELECT COUNT(*) FROM sys.objects WHERE is_ms_shipped = 0) AS objects, (SELECT SUM(CAST(FILEPROPERTY(name, 'SpaceUsed') AS bigint)) * 8192 FROM sys.database_files WHERE type = 0) AS bytes",
  );
  return {
    ...common,
    content: Number(content?.["objects"]) === 0 ? "empty" : "present",
    sizeBytes: Number(content?.["bytes"]),
    weaker: weaker(purpose),
  };
};

const weaker = (purpose: "dump" | "load"): readonly string[] =>
  purpose === "load"
    ? [
        "A BACPAC holds tables, rows and code, not users' passwords, jobs, or rights at the server; the switch is two renames, one after the other.",
      ]
    : [];

/** Azure's level of the live database; undefined elsewhere, and where there is none. */
export const serviceLevel = async (work: CopyWork): Promise<ServiceLevel | undefined> => {
  if (!(await exists(work, work.connection.database))) return undefined;
  const [row] = await asked(
    work,
    work.connection.database,
    "SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Edition') AS nvarchar(60)) AS edition, CAST(DATABASEPROPERTYEX(DB_NAME(), 'ServiceObjective') AS nvarchar(60)) AS objective",
  );
  const [edition, objective] = [row?.["edition"], row?.["objective"]];
  return typeof edition === "string" && typeof objective === "string" ? { edition, objective } : undefined;
};
