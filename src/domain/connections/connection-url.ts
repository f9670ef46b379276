import { ConnectionStringInvalid } from "./connection-string-invalid.ts";
import { keywordForm, readPairs } from "./connection-pairs.ts";
import { connectionWord, toFields, type ConnectionField, type ConnectionFields } from "./connection-words.ts";
import type { DatabaseEngine } from "../database.ts";
import { engineOfScheme } from "./engine-of-scheme.ts";

/** URLs and JDBC. Undefined when the text is neither, so that it must be pairs. */
export const urlForm = (text: string, engine: DatabaseEngine): ConnectionFields | undefined => {
  const [, jdbc, rest] = /^(jdbc:)?[a-z][a-z0-9+.-]*:(.*)$/is.exec(text) ?? [];
  if (rest === undefined || (jdbc === undefined && !rest.startsWith("//"))) return undefined;
  const found = engineOfScheme(text);
  if (found === undefined)
    throw new ConnectionStringInvalid("connectionString", "its scheme is of no database that Lifeboat knows.");
  if (found !== engine)
    throw new ConnectionStringInvalid("connectionString", `by its scheme it is for ${found}, not for ${engine}.`);
  const isProperties = engine === "SqlServer" && (jdbc !== undefined || /^\/\/[^@]*;/.test(rest));
  return isProperties ? sqlServerProperties(rest) : parts(rest, { engine, isJdbc: jdbc !== undefined });
};

/** `//host\instance:port;databaseName=...;password={...}`, by the rules of Microsoft's JDBC driver. */
const sqlServerProperties = (rest: string): ConnectionFields => {
  const [, server = "", properties = ""] = /^\/\/([^;]*);?(.*)$/s.exec(rest) ?? [];
  const [, host = "", instance = "", port = ""] = /^(\[[^\]]*\]|[^:\\]*)(?:\\([^:]*))?(?::(.*))?$/.exec(server) ?? [];
  const pairs = readPairs(properties, "odbc");
  if (server === "") return toFields(pairs);
  const written = host + (instance && `\\${instance}`) + (port && `,${port}`);
  return toFields([{ key: "serverName", value: written === "" ? server : written }, ...pairs]);
};

interface UrlKind {
  readonly engine: DatabaseEngine;
  readonly isJdbc: boolean;
}

const parts = (rest: string, { engine, isJdbc }: UrlKind): ConnectionFields => {
  // `jdbc:postgresql:db` and `jdbc:postgresql:/` name a database of this machine.
  const located = rest.startsWith("//") ? rest.slice(2) : `localhost/${rest.replace(/^\//, "")}`;
  if (
    isJdbc &&
    (/^address=|^\(/i.test(located) || /^(?:replication|loadbalance|sequential|failover|aurora):/i.test(rest))
  )
    throw new ConnectionStringInvalid("connectionString", "it describes several servers. Name the one to dump from.");
  const [, authority = "", path = "", query = ""] = /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(located) ?? [];
  if (!authority.includes("@") && path.includes("@") && authority.includes(":"))
    throw new ConnectionStringInvalid("password", "`/` and `?` in it must be percent-encoded (%2F, %3F).");
  const asked = queryPairs(query);
  const driver = asked.find(({ key }) => key.toLowerCase() === "odbc_connect");
  if (driver !== undefined) return keywordForm(driver.value.replaceAll("+", " "), engine);
  return toFields([...authorityPairs(authority, engine), ...pathPairs(path, engine, asked), ...asked]);
};

/** The last `@` ends the user's part, so that one in a password does no harm. */
const authorityPairs = (authority: string, engine: DatabaseEngine): readonly ConnectionField[] => {
  const at = authority.lastIndexOf("@");
  const hosts = authority.slice(at + 1);
  const [, user, password] = /^([^:]*)(?::(.*))?$/s.exec(authority.slice(0, Math.max(at, 0))) ?? [];
  const host = hosts === "" && engine !== "SqlServer" ? "localhost" : decoded("host", hosts);
  return [
    { key: "host", value: engine === "SqlServer" ? host.replace(/^(\[[^\]]*\]|[^:]*):(\d+)$/, "$1,$2") : host },
    ...(user === undefined || user === "" ? [] : [{ key: "user", value: decoded("user", user) }]),
    ...(password === undefined ? [] : [{ key: "password", value: decoded("password", password) }]),
  ];
};

/** SQL Server's Go driver writes the instance where others write the database, and the database as a parameter. */
const pathPairs = (
  path: string,
  engine: DatabaseEngine,
  asked: readonly ConnectionField[],
): readonly ConnectionField[] => {
  if (path === "") return [];
  const namesDatabase = asked.some(({ key }) => connectionWord(key) === "database");
  const key = engine === "SqlServer" && namesDatabase ? "instanceName" : "database";
  return [{ key, value: decoded(key, path) }];
};

const queryPairs = (query: string): readonly ConnectionField[] =>
  query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [, key = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
      const word = decoded("connectionString", key);
      return { key: word, value: decoded(word, value) };
    });

const decoded = (key: string, text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConnectionStringInvalid(
      key,
      "a `%` in it begins no percent-encoded character. Write %25 for `%` itself.",
    );
  }
};
