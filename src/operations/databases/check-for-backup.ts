import { DatabaseFailure, type DatabaseConnection } from "../../domain/database.ts";
import type { DatabaseCheck, DatabaseTool } from "../../ports/database-tool.ts";

/**
 * Whether a database can be dumped, and among what is weaker what would stand against bringing it back by the same connection:
 * a right that only a restore needs is better given before that day. A replica is meant to be read from alone.
 */
export const checkForBackup = async (
  tool: DatabaseTool,
  connection: DatabaseConnection,
  signal: AbortSignal,
): Promise<DatabaseCheck> => {
  const check = await tool.check(connection, "dump", signal);
  if (connection.isReadOnly) return check;
  try {
    await tool.check(connection, "load", signal);
    return check;
  } catch (error) {
    if (!(error instanceof DatabaseFailure)) throw error;
    const weaker = `With this connection string a restore would be refused: ${error.message}`;
    return { ...check, weaker: [...check.weaker, weaker] };
  }
};
