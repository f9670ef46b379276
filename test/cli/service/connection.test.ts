import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findConnection, type ConnectionFlags } from "../../../src/cli/service/connection.ts";
import { temporaryFolder } from "../../support/file-tree.ts";

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
const secret = (name: string): string => `${name}-secret-of-the-test`;

beforeAll(() => {
  for (const name of ["data/tls", "config/lifeboat", "empty"]) mkdirSync(at(name), { recursive: true });
  const trust = { kind: "authority", file: at("data/tls/ca.pem") };
  const service = {
    url: "http://127.0.0.1:7071",
    tlsUrl: "https://127.0.0.1:7443",
    trust,
    pid: 1,
    started: "",
    version: "1",
  };
  writeFileSync(at("data/service.json"), JSON.stringify(service));
  writeFileSync(at("data/tls/ca.pem"), "the authority");
  writeFileSync(at("data/admin-key"), JSON.stringify({ id: "admin", secret: secret("local") }));
  writeFileSync(at("given.key"), `${secret("given")}\n`);
  writeFileSync(at("config/lifeboat/home.key"), secret("home"));
  const profiles = {
    home: { url: "https://home.example:7443", keyFile: "home.key", caFile: "home.pem" },
    bare: { url: "https://bare.example" },
    azure: { url: "https://azure.example", audience: "api://lifeboat" },
  };
  writeFileSync(at("config/lifeboat/profiles.json"), JSON.stringify({ default: "home", profiles }));
});
afterAll(() => folder.remove());

const find = (
  flags: ConnectionFlags,
  environment: Readonly<Record<string, string>> = {},
  askKey?: () => Promise<string>,
) => findConnection(flags, { environment: { XDG_CONFIG_HOME: at("empty"), ...environment }, askKey });
const withProfiles = { XDG_CONFIG_HOME: at("config") };
const keyOf = async (connection: ReturnType<typeof find>): Promise<string> => (await connection.key()).reveal();

describe("the service on this machine", () => {
  it("is found in its data folder: https, the authority it is known by, the admin's key", async () => {
    const connection = find({}, { LIFEBOAT_DATA: at("data") });
    expect(connection.url().href).toBe("https://127.0.0.1:7443/");
    expect(connection.trust()).toEqual({ pem: "the authority", isPinned: false });
    expect(await keyOf(connection)).toBe(secret("local"));
  });

  it("takes another key by flag before one of the environment", async () => {
    const environment = { LIFEBOAT_DATA: at("data"), LIFEBOAT_KEY: secret("environment") };
    expect(await keyOf(find({}, environment))).toBe(secret("environment"));
    expect(await keyOf(find({ keyFile: at("given.key") }, environment))).toBe(secret("given"));
  });

  it("is looked for again when it may have moved", () => {
    const connection = find({ data: at("data") });
    expect(connection.url().port).toBe("7443");
    connection.renew();
    expect(connection.url().port).toBe("7443");
  });

  it("does not run where nothing says so", () => {
    expect(() => find({ data: at("empty") }).url()).toThrow(/does not run here: no service runs on .*empty\. Start it/);
    expect(() => find({ data: at("none") }).url()).toThrow(/there is no .*none/);
  });
});

describe("a service elsewhere", () => {
  it("is chosen by flag, then by the environment, then by the default profile", () => {
    const environment = { ...withProfiles, LIFEBOAT_URL: "https://environment.example" };
    expect(find({ url: "https://flag.example" }, environment).url().host).toBe("flag.example");
    expect(find({ profile: "bare" }, environment).url().host).toBe("bare.example");
    expect(find({ data: at("data") }, environment).url().port).toBe("7443");
    expect(find({}, environment).url().host).toBe("environment.example");
    expect(find({}, withProfiles).url().host).toBe("home.example:7443");
    expect(find({}, { ...withProfiles, LIFEBOAT_PROFILE: "azure" }).keySource).toBe("Entra, for api://lifeboat");
    expect(find({}, { ...withProfiles, LIFEBOAT_DATA: at("data") }).url().port).toBe("7443");
  });

  it("gets its own key, and never the admin's of this machine", async () => {
    const home = find(
      { profile: "home" },
      { ...withProfiles, LIFEBOAT_KEY: secret("environment"), LIFEBOAT_DATA: at("data") },
    );
    expect(await keyOf(home)).toBe(secret("home"));
    await expect(find({ url: "https://flag.example" }, { LIFEBOAT_DATA: at("data") }).key()).rejects.toMatchObject({
      code: "NoKey",
    });
  });

  it("asks the person for a key, once", async () => {
    let asked = 0;
    const connection = find({ url: "https://flag.example" }, {}, async () => `${secret("typed")}${asked++}`);
    expect(await keyOf(connection)).toBe(`${secret("typed")}0`);
    expect(await keyOf(connection)).toBe(`${secret("typed")}0`);
  });

  it("is not spoken to in the clear, unless it is on this machine", () => {
    expect(() => find({ url: "http://flag.example" })).toThrow(/key would travel in the clear/);
    for (const url of ["http://127.0.0.1:7071", "http://localhost:7071", "http://[::1]:7071"])
      expect(find({ url }).url().protocol).toBe("http:");
  });

  it.each([
    ["ftp://x", /is no address/],
    ["nonsense", /is no address/],
    ["https://user:pass@host", /holds a password/],
  ])("refuses the address %s", (url, reason) => {
    expect(() => find({ url })).toThrow(reason);
  });

  it("names a profile that is not there, and a file that is not understood", () => {
    expect(() => find({ profile: "none" }, withProfiles)).toThrow(/no profile "none" in \/\S+profiles\.json\./);
    mkdirSync(at("broken/lifeboat"), { recursive: true });
    writeFileSync(at("broken/lifeboat/profiles.json"), "{");
    expect(() => find({ profile: "home" }, { XDG_CONFIG_HOME: at("broken") })).toThrow(
      /profiles\.json is not \{"default"/,
    );
  });
});

describe("a key's file", () => {
  it.each([
    ["empty", ""],
    ["two words", "a b"],
    ["other JSON", '{"id":"x"}'],
    ["broken JSON", "{"],
    ["too short", "abc"],
  ])("is refused when it holds no key: %s", async (_, text) => {
    writeFileSync(at("bad.key"), text);
    await expect(find({ data: at("data"), keyFile: at("bad.key") }).key()).rejects.toMatchObject({
      code: "KeyFileInvalid",
    });
  });

  it("that is not there is said by its name", async () => {
    await expect(find({ data: at("data"), keyFile: at("none.key") }).key()).rejects.toThrow(
      /none\.key \(the key\) cannot be read: it is not there/,
    );
  });
});
