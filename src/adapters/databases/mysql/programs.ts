import { DatabaseFailure } from "../../../domain/database.ts";
import type { FindTool } from "../find-tool.ts";
import { runTool } from "../tool-process.ts";

export type Vendor = "MariaDB" | "MySQL";

/** A vendor's program on this machine; the two vendors' take different options for the same thing. */
export interface Program {
  readonly file: string;
  readonly name: string;
  readonly vendor: Vendor;
  readonly version: string;
}

export interface Programs {
  readonly client: Program;
  readonly dump: Program;
}

/** `mysqldump` may be MariaDB's under its old name: what it says of itself counts. */
export const findPrograms = async (findTool: FindTool, signal: AbortSignal): Promise<readonly Program[]> => {
  const names = ["mariadb", "mariadb-dump", "mysql", "mysqldump"];
  const found = await Promise.all(
    names.map(async (name) => {
      const file = findTool(name);
      if (file === undefined) return [];
      return [{ file, name, ...(await described(file, signal)) }];
    }),
  );
  return found.flat();
};

type Description = Pick<Program, "vendor" | "version">;

/** Asked once each: a program that is exchanged while Lifeboat runs is still the same vendor's. */
const descriptions = new Map<string, Description>();

const described = async (file: string, signal: AbortSignal): Promise<Description> => {
  const known = descriptions.get(file);
  if (known !== undefined) return known;
  const said = await runTool({ command: file, args: ["--no-defaults", "--version"], env: {}, signal });
  const description = describedBy(said);
  descriptions.set(file, description);
  return description;
};

/** `Ver 15.1 Distrib 10.11.6-MariaDB`, `from 11.4.2-MariaDB, client 15.2`, `Ver 8.0.36 for Linux on x86_64`. */
const describedBy = (said: string): Description => {
  const maria = /(?:Distrib|from) (\d+(?:\.\d+)+)-MariaDB/.exec(said)?.[1];
  if (maria !== undefined) return { vendor: "MariaDB", version: maria };
  return { vendor: "MySQL", version: /(?:Distrib|Ver) (\d+(?:\.\d+)+)/.exec(said)?.[1] ?? "0" };
};

/** The server's own vendor's programs where they are; else the other's, which understand it in most things. */
export const programsFor = (found: readonly Program[], vendor?: Vendor): Programs => {
  const pick = (names: readonly string[], what: string): Program => {
    const candidates = found.filter(({ name }) => names.includes(name));
    const program = candidates.find((one) => one.vendor === vendor) ?? candidates[0];
    if (program !== undefined) return program;
    throw new DatabaseFailure(
      "ToolMissing",
      `${what} is not on this machine. Install mariadb-client (Debian, Ubuntu) or MySQL's own client programs, or name their folder in LIFEBOAT_DATABASE_TOOLS.`,
    );
  };
  return {
    client: pick(["mariadb", "mysql"], "The client program mariadb or mysql"),
    dump: pick(["mariadb-dump", "mysqldump"], "The program mariadb-dump or mysqldump"),
  };
};
