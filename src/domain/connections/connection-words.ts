/** What a connection string can say that matters here. */
export type ConnectionWord =
  | "host"
  | "socket"
  | "port"
  | "instance"
  | "database"
  | "user"
  | "password"
  | "sslMode"
  | "ssl"
  | "requireSsl"
  | "encrypt"
  | "trust"
  | "caFile"
  | "authentication"
  | "integrated"
  | "intent"
  | "options"
  /** Points outside the string (a service file, a client certificate, a data source name): refused when it has a value. */
  | "unusable";

/** One value with the key as it was written, for messages. */
export interface ConnectionField {
  readonly key: string;
  readonly value: string;
}

export type ConnectionFields = ReadonlyMap<ConnectionWord, ConnectionField>;

/** Drivers ignore case, spaces, `_` and `-` in their key words; no two words differ in these alone. */
export const plainWord = (key: string): string => key.toLowerCase().replace(/[\s_-]/g, "");

const synonyms: Readonly<Record<ConnectionWord, string>> = {
  host: "server host hostname servername datasource address addr networkaddress hostaddr",
  socket: "unixsocket socket",
  port: "port portnumber",
  instance: "instancename",
  database: "database initialcatalog databasename dbname db",
  user: "user userid uid username",
  password: "password pwd",
  sslMode: "sslmode",
  ssl: "ssl usessl tls",
  requireSsl: "requiressl",
  encrypt: "encrypt",
  trust: "trustservercertificate verifyservercertificate sslaccept",
  caFile: "sslrootcert rootcertificate sslca cacertificatefile cafile serversslcert",
  authentication: "authentication",
  integrated: "integratedsecurity trustedconnection",
  intent: "applicationintent",
  options: "options",
  unusable:
    "service servicefile passfile dsn filedsn attachdbfilename extendedproperties initialfilename sslcert sslkey " +
    "sslcertificate sslclientcert certificatefile certificatestorelocation clientcertificate",
};

const wordOf: ReadonlyMap<string, ConnectionWord> = new Map(
  Object.entries(synonyms).flatMap(([word, keys]) =>
    // The keys of a Record over the union are the union.
    keys.split(" ").map((key) => [key, word as ConnectionWord] as const),
  ),
);

export const connectionWord = (key: string): ConnectionWord | undefined => wordOf.get(plainWord(key));

/** Said twice, the last counts, as in every driver; words that mean nothing here are left out. */
export const toFields = (pairs: Iterable<ConnectionField>): ConnectionFields => {
  const fields = new Map<ConnectionWord, ConnectionField>();
  for (const pair of pairs) {
    const word = connectionWord(pair.key);
    // libpq prefers the address to the name, but TLS checks the name: the name is kept.
    if (word === undefined || (plainWord(pair.key) === "hostaddr" && fields.has("host"))) continue;
    fields.set(word, pair);
  }
  return fields;
};
