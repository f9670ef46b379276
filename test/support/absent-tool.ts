import {
  databaseLabel,
  DatabaseFailure,
  type DatabaseConnection,
  type DatabaseEngine,
} from "../../src/domain/database.ts";
import type { DatabaseTool } from "../../src/ports/database-tool.ts";

/** Stands for a kind of server that this installation cannot back up: every question is refused with the reason. */
export const absentTool = (engine: DatabaseEngine): DatabaseTool => {
  const refuse = async (connection: DatabaseConnection): Promise<never> => {
    const reason = `${databaseLabel(connection)} is a database of a kind (${engine}) that is not served here.`;
    throw new DatabaseFailure("ToolMissing", reason);
  };
  return {
    engine,
    check: refuse,
    // oxlint-disable-next-line require-yield -- it ends before there is anything to yield
    async *dump(connection) {
      await refuse(connection);
    },
    load: refuse,
    switchIn: refuse,
    switchBack: refuse,
    drop: refuse,
    listOwn: refuse,
  };
};
