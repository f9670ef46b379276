import { ConnectionStringInvalid } from "./connection-string-invalid.ts";
import { plainWord, type ConnectionField, type ConnectionFields } from "./connection-words.ts";
import type { DatabaseConnection, DatabaseEngine } from "../database.ts";

type ConnectionTls = DatabaseConnection["tls"];
type TlsMode = NonNullable<ConnectionTls["mode"]>;

const modes: Readonly<Partial<Record<string, TlsMode>>> = {
  disable: "disable",
  disabled: "disable",
  none: "disable",
  allow: "prefer",
  prefer: "prefer",
  preferred: "prefer",
  require: "require",
  required: "require",
  verifyca: "verify-ca",
  verifyfull: "verify-full",
  verifyidentity: "verify-full",
};

const yes = /^(?:true|yes|1|on|mandatory)$/i;
const no = /^(?:false|no|0|off|optional|)$/i;

/** How much of TLS a connection string asks for, in any driver's words; no mode when it does not say. */
export const connectionTls = (engine: DatabaseEngine, fields: ConnectionFields): ConnectionTls => {
  const mode = engine === "SqlServer" ? encryptMode(fields) : (sslMode(fields) ?? sslSwitch(fields));
  const caFile = fields.get("caFile")?.value.trim() ?? "";
  return {
    ...(mode !== undefined && { mode }),
    ...(caFile !== "" && caFile !== "system" && { caFile }),
  };
};

const sslMode = (fields: ConnectionFields): TlsMode | undefined => {
  const field = fields.get("sslMode");
  if (field === undefined || field.value.trim() === "") return undefined;
  const mode = modes[plainWord(field.value)];
  if (mode !== undefined) return mode;
  throw new ConnectionStringInvalid(field.key, "it is none of disable, prefer, require, verify-ca and verify-full.");
};

const isOn = (field: ConnectionField | undefined): boolean | undefined => {
  if (field === undefined) return undefined;
  const value = field.value.trim();
  if (yes.test(value)) return true;
  if (no.test(value)) return false;
  throw new ConnectionStringInvalid(field.key, "it is neither true nor false.");
};

/** `useSSL=true&requireSSL=true&verifyServerCertificate=true` of older JDBC, `ssl=true`, and mysql2's `ssl={...}`. */
const sslSwitch = (fields: ConnectionFields): TlsMode | undefined => {
  const ssl = fields.get("ssl");
  const asked = ssl?.value.trim().startsWith("{") === true ? sslObject(ssl) : isSsl(ssl);
  const required = isOn(fields.get("requireSsl"));
  if (asked === undefined && required === undefined) return strictly(fields) ? "verify-full" : undefined;
  if (asked === false && required !== true) return "disable";
  return asked === "verify-full" || strictly(fields) ? "verify-full" : "require";
};

/** Some write the mode where others write yes or no. */
const isSsl = (field: ConnectionField | undefined): boolean | TlsMode | undefined => {
  const mode = field === undefined ? undefined : modes[plainWord(field.value)];
  return mode === undefined ? isOn(field) : mode === "disable" ? false : mode;
};

const sslObject = (field: ConnectionField): TlsMode => {
  try {
    const value: unknown = JSON.parse(field.value);
    const lax = typeof value === "object" && value !== null && Reflect.get(value, "rejectUnauthorized") === false;
    return lax ? "require" : "verify-full";
  } catch {
    throw new ConnectionStringInvalid(field.key, "it begins like JSON and is none.");
  }
};

/** The certificate is to be checked: `verifyServerCertificate=true`, Prisma's `sslaccept=strict`. */
const strictly = (fields: ConnectionFields): boolean => {
  const field = fields.get("trust");
  if (field === undefined || plainWord(field.key) === "trustservercertificate") return false;
  if (plainWord(field.key) === "sslaccept") return field.value === "strict";
  return isOn(field) === true;
};

/** SqlClient's words. `Strict` (TDS 8) is taken as full verification. */
const encryptMode = (fields: ConnectionFields): TlsMode | undefined => {
  const trust = fields.get("trust");
  const trusts = trust !== undefined && plainWord(trust.key) === "trustservercertificate" && isOn(trust) === true;
  const encrypt = fields.get("encrypt");
  if (encrypt === undefined) return trusts ? "prefer" : undefined;
  const isStrict = encrypt.value.trim().toLowerCase() === "strict";
  if (!isStrict && isOn(encrypt) === false) return "disable";
  return trusts && !isStrict ? "require" : "verify-full";
};
