// Stands for Microsoft's sqlpackage: takes what its documentation names and nothing else, and keeps "databases" in a JSON
// file that a fake server shares. Called as: sqlpackage-stand-in.mjs STATE ARGUMENTS...
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";

const [stateFile, ...given] = process.argv.slice(2);
const state = JSON.parse(readFileSync(stateFile, "utf8"));

const fail = (text) => {
  process.stderr.write(`*** ${text}\n`);
  process.exit(1);
};

// learn.microsoft.com/sql/tools/sqlpackage: sqlpackage-export and sqlpackage-import.
const server = (side) =>
  [
    "ConnectionString",
    "DatabaseName",
    "EncryptConnection",
    "Password",
    "ServerName",
    "Timeout",
    "TrustServerCertificate",
  ]
    .concat("User")
    .map((name) => side + name);
const general = ["AccessToken", "Action", "Diagnostics", "DiagnosticsFile", "MaxParallelism", "Properties", "Quiet"];
const documented = {
  Export: {
    parameters: [...general, "OverwriteFiles", "TargetFile", ...server("Source")],
    properties: ["CommandTimeout", "CompressionOption", "TableData", "TempDirectoryForTableData", "VerifyExtraction"],
  },
  Import: {
    parameters: [...general, "ModelFilePath", "SourceFile", ...server("Target")],
    properties: ["CommandTimeout", "DatabaseEdition", "DatabaseMaximumSize", "DatabaseServiceObjective"],
  },
};

if (given[0] === "/Version:True") {
  process.stdout.write(`${state.version}\n`);
  process.exit(0);
}

/** The rules of its argument files: white space parts, quotation marks hold together, `\""` is one of them. */
const lex = (text) => {
  const found = [];
  let current = "";
  let quoted = false;
  let begun = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (!begun && character === "#") {
      at = text.indexOf("\n", at);
      if (at < 0) break;
    } else if (character === "\\" && text[at + 1] === '"') {
      current += '"';
      begun = true;
      if (text[at + 2] !== '"') quoted = !quoted;
      else at++;
      at++;
    } else if (character === '"') {
      quoted = !quoted;
      begun = true;
    } else if (/\s/.test(character) && !quoted) {
      if (begun) found.push(current);
      current = "";
      begun = false;
    } else {
      current += character;
      begun = true;
    }
  }
  if (quoted) fail("Unbalanced quotation marks in the response file.");
  return begun ? [...found, current] : found;
};

const secrets = /^\/(?:SourcePassword|TargetPassword|AccessToken|SourceConnectionString|TargetConnectionString):/i;
for (const argument of given) if (secrets.test(argument)) fail("A secret stands on the command line.");
const all = given.flatMap((argument) => {
  if (!argument.startsWith("@")) return [argument];
  if ((statSync(argument.slice(1)).mode & 0o077) !== 0) fail("Others may read the response file.");
  return lex(readFileSync(argument.slice(1), "utf8"));
});

const values = new Map();
const properties = new Map();
for (const argument of all) {
  const [, name, value] = /^\/(\w+):([^]*)$/.exec(argument) ?? fail(`'${argument}' is not a valid argument.`);
  if (name === "p") properties.set(value.slice(0, value.indexOf("=")), value.slice(value.indexOf("=") + 1));
  else values.set(name, value);
}
const action = values.get("Action");
const rules = documented[action] ?? fail(`'${action}' is not a valid action.`);
for (const name of values.keys())
  if (!rules.parameters.includes(name)) fail(`'/${name}' is not a valid argument for the '${action}' action.`);
for (const name of properties.keys())
  if (!rules.properties.includes(name)) fail(`'${name}' is not a valid property for the '${action}' action.`);
const side = action === "Export" ? "Source" : "Target";
for (const name of [`${side}EncryptConnection`, `${side}TrustServerCertificate`, "Quiet", "OverwriteFiles"])
  if (values.has(name) && !/^(?:True|False)$/.test(values.get(name))) fail(`'/${name}' takes True or False.`);
if (Object.keys(process.env).some((name) => /^LIFEBOAT|^AZURE/.test(name)))
  fail("It sees settings that are not its own.");
if (process.env.DACFX_TELEMETRY_OPTOUT !== "1") fail("It would tell others about its use.");

appendFileSync(
  `${stateFile}.calls`,
  `${JSON.stringify({ given, values: [...values], properties: [...properties] })}\n`,
);
const user = values.get(`${side}User`);
if (values.has("AccessToken") && (user !== undefined || values.has(`${side}Password`)))
  fail("The 'AccessToken' and 'User' arguments cannot be used together.");
const isKnown = values.has("AccessToken")
  ? values.get("AccessToken") === state.token
  : user === state.user && values.get(`${side}Password`) === state.password;
if (!isKnown) fail(`Login failed for user '${user}'.`);
if (values.get(`${side}ServerName`) !== state.server) fail("A network-related or instance-specific error occurred.");

const zip = (entries) => {
  const locals = [];
  const central = [];
  let offset = 0;
  for (const [name, text] of entries) {
    const [bytes, path] = [Buffer.from(text), Buffer.from(name)];
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt32LE(crc32(bytes), 10);
    facts.writeUInt32LE(bytes.length, 14);
    facts.writeUInt32LE(bytes.length, 18);
    facts.writeUInt16LE(path.length, 22);
    const record = Buffer.alloc(46);
    record.write("PK\x01\x02", "latin1");
    record.writeUInt16LE(20, 4);
    facts.copy(record, 6);
    record.writeUInt32LE(offset, 42);
    central.push(record, path);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), facts, path, bytes]);
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
};

const name = values.get(`${side}DatabaseName`);
const found = state.databases[name];
if (state.hang) setInterval(() => undefined, 1000);
else if (action === "Export") {
  if (found === undefined) fail(`Error exporting database: Cannot open database "${name}" requested by the login.`);
  if (state.exportFails) fail(state.exportFails);
  writeFileSync(
    values.get("TargetFile"),
    zip([
      ["[Content_Types].xml", "<Types/>"],
      ["model.xml", "<DataSchemaModel/>"],
      ["Origin.xml", "<DacOrigin/>"],
      ["Data/dbo.goods/TableData-000-00000.BCP", found.content],
    ]),
  );
} else {
  if (found !== undefined) fail(`Error importing database: The target database ${name} contains user-defined objects.`);
  const text = readFileSync(values.get("SourceFile"), "latin1");
  const from = text.indexOf("TableData-000-00000.BCP") + "TableData-000-00000.BCP".length;
  const content = text.slice(from, text.indexOf("PK\x01\x02", from));
  state.databases[name] = { content: Buffer.from(content, "latin1").toString("utf8") };
  writeFileSync(stateFile, JSON.stringify(state));
}
