import { keywordForm, readPairs } from "./connection-pairs.ts";
import { ConnectionStringInvalid } from "./connection-string-invalid.ts";
import { plainWord } from "./connection-words.ts";
import type { DatabaseEngine } from "../database.ts";
import { engineOfScheme } from "./engine-of-scheme.ts";
import type { Secret } from "../secret.ts";

const engineOfHost: readonly (readonly [RegExp, DatabaseEngine])[] = [
  [/\.(?:postgres|postgresql)(?:\.cosmos)?\.database\./i, "PostgreSql"],
  [/\.(?:mysql|mariadb)\.database\.|\.cleardb\.(?:com|net)$/i, "MySql"],
  [/\.database\.(?:windows|usgovcloudapi|chinacloudapi|fabric)\./i, "SqlServer"],
];

const engineOfWord: Readonly<Partial<Record<string, DatabaseEngine>>> = {
  initialcatalog: "SqlServer",
  trustservercertificate: "SqlServer",
  multipleactiveresultsets: "SqlServer",
  multisubnetfailover: "SqlServer",
};

const engineOfPort: Readonly<Partial<Record<number, DatabaseEngine>>> = {
  5432: "PostgreSql",
  6432: "PostgreSql",
  3306: "MySql",
  1433: "SqlServer",
};

/**
 * Which engine an untyped connection string is for, by its scheme, driver, server, port or the words only one driver has.
 * Undefined when nothing says so, and for what is no connection string of a database at all.
 */
export const guessEngine = (secret: Secret): DatabaseEngine | undefined => {
  const text = secret.reveal().trim();
  const scheme = engineOfScheme(text);
  if (scheme !== undefined) return scheme;
  const driver = /(?:^|;)\s*driver\s*=\s*\{?([^;}]*)/i.exec(text)?.[1] ?? "";
  if (/postgres/i.test(driver)) return "PostgreSql";
  if (/mysql|mariadb/i.test(driver)) return "MySql";
  if (/sql server|freetds/i.test(driver)) return "SqlServer";
  try {
    // The form with the fewest rules of its own: nothing but what is asked here is looked at.
    const fields = keywordForm(text, "MySql");
    const host = fields.get("host")?.value ?? "";
    const words = readPairs(text).map(({ key }) => plainWord(key));
    const byHost = engineOfHost.find(([pattern]) => pattern.test(host.replace(/[:,]\d+$/, "")))?.[1];
    const port = Number(fields.get("port")?.value ?? /[:,](\d+)$/.exec(host)?.[1] ?? Number.NaN);
    return (
      byHost ?? words.map((word) => engineOfWord[word]).find((engine) => engine !== undefined) ?? engineOfPort[port]
    );
  } catch (error) {
    if (error instanceof ConnectionStringInvalid) return undefined;
    throw error;
  }
};
