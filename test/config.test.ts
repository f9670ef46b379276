import { readFileSync } from "node:fs";
import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { ConfigProblems, readConfig } from "../src/config.ts";
import { Secret } from "../src/domain/secret.ts";

const revealed = (value: unknown): readonly string[] => {
  if (value instanceof Secret) return [value.reveal()];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(revealed) : [];
};

describe("the configuration", () => {
  it("needs no setting at all", () => {
    const config = readConfig({ LIFEBOAT_DATA: "/data" });
    expect(config).toMatchObject({
      httpPort: 7071,
      tlsPort: 7443,
      sitesFolder: "/data/sites",
      catalog: { kind: "sqlite" },
    });
    expect(config.defaultDestination.reveal()).toBe("file:///data/backups/{site}");
  });

  it("names every problem at once, with the setting and what is expected", () => {
    const read = () => readConfig({ LIFEBOAT_PORT: "http", LIFEBOAT_ALLOW_HTTP_STORAGE: "maybe", LIFEBOAT_PROT: "1" });
    expect(read).toThrow(ConfigProblems);
    expect(read).toThrow(
      /LIFEBOAT_PORT: .*port number.*\n.*LIFEBOAT_ALLOW_HTTP_STORAGE: .*true or false.*\n.*LIFEBOAT_PROT: no such setting\. Did you mean LIFEBOAT_PORT\?/,
    );
  });

  it("does not mind what is set for the tests and the command line", () => {
    const counts = readFileSync("CONTRIBUTING.md", "utf8").match(/\bLIFEBOAT_\w+/g) ?? [];
    const others = [...counts, "LIFEBOAT_URL", "LIFEBOAT_KEY_FILE"].map((name) => [name, "1"]);
    expect(others.length).toBeGreaterThan(10);
    expect(() => readConfig(Object.fromEntries(others))).not.toThrow();
  });

  it("does not repeat a value that may be a secret", () => {
    const read = () =>
      readConfig({
        LIFEBOAT_BOOTSTRAP_KEY: "short-secret",
        LIFEBOAT_DESTINATION: "ftp://user:pass@host/x",
        // A SAS has no business there, which is why it is refused.
        LIFEBOAT_IDENTITY_CONTAINERS: "https://acct.blob.core.windows.net/c?sig=planted",
      });
    expect(read).toThrow(/LIFEBOAT_BOOTSTRAP_KEY/);
    expect(read).not.toThrow(/short-secret|pass|planted/);
  });

  it("prints no secret, however it is printed", () => {
    const sas = "https://acct.blob.core.windows.net/c?sig=planted-sas";
    const account = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=planted-account;EndpointSuffix=x.net";
    const secrets = {
      LIFEBOAT_DESTINATION: sas,
      LIFEBOAT_TABLES: account,
      LIFEBOAT_SCRATCH: account,
      LIFEBOAT_SEALING_KEYS: "k1:planted-sealing",
      LIFEBOAT_RECOVERY_KEY: "planted-recovery",
      LIFEBOAT_BOOTSTRAP_KEY: "planted-bootstrap-0123456789",
      LIFEBOAT_ALARM_WEBHOOK: "https://hooks.example.org/planted-webhook",
      LIFEBOAT_ALARM_WEBHOOK_SECRET: "planted-signature",
      LIFEBOAT_SMTP: "smtp://user:planted-password@mail.example.org",
      LIFEBOAT_HEARTBEAT_URL: "https://ping.example.org/planted-heartbeat",
    };
    const config = readConfig(secrets);
    const printed = [inspect(config, { depth: null, showHidden: true }), JSON.stringify(config), format("%O", config)];
    expect(printed.join("\n")).not.toContain("planted");
    // Every one of them has arrived, so there was something to hide.
    expect(revealed(config).toSorted()).toEqual(Object.values(secrets).toSorted());
  });

  it.each([
    [{}, 7443],
    [{ LIFEBOAT_PORT: "0" }, 0],
    [{ LIFEBOAT_PORT: "0", LIFEBOAT_TLS_PORT: "8443" }, 8443],
    [{ LIFEBOAT_TLS_PORT: "off" }, undefined],
  ])("serves https beside http: %j", (given, tlsPort) => {
    expect(readConfig({ LIFEBOAT_DATA: "/data", ...given }).tlsPort).toBe(tlsPort);
  });

  it("wants a certificate of one's own with its key", () => {
    const files = { LIFEBOAT_TLS_CERT: "/c.pem", LIFEBOAT_TLS_KEY: "/k.pem" };
    expect(readConfig(files).tlsFiles).toEqual({ certFile: "/c.pem", keyFile: "/k.pem" });
    expect(() => readConfig({ LIFEBOAT_TLS_CERT: "/c.pem" })).toThrow(/LIFEBOAT_TLS_KEY/);
    expect(() => readConfig({ LIFEBOAT_TLS_PORT: "70000" })).toThrow(/LIFEBOAT_TLS_PORT/);
  });

  it("accepts a tenant's tokens only where it is said for whom they have to be", () => {
    const tenant = { LIFEBOAT_ENTRA_TENANT: "6f1b9b1e-0000-4000-8000-00000000aaaa" };
    const audience = { LIFEBOAT_ENTRA_AUDIENCE: "api://lifeboat, client-id" };
    expect(readConfig({}).entra).toBeUndefined();
    expect(() => readConfig(tenant)).toThrow(/LIFEBOAT_ENTRA_AUDIENCE: must be set/);
    expect(() => readConfig(audience)).toThrow(/LIFEBOAT_ENTRA_TENANT: must be set/);
    expect(() => readConfig({ ...audience, LIFEBOAT_ENTRA_TENANT: "common" })).toThrow(/LIFEBOAT_ENTRA_TENANT: .*GUID/);
    const authority = { LIFEBOAT_ENTRA_AUTHORITY: "https://login.microsoftonline.us/" };
    expect(readConfig({ ...tenant, ...audience, ...authority }).entra).toEqual({
      tenant: "6f1b9b1e-0000-4000-8000-00000000aaaa",
      audiences: ["api://lifeboat", "client-id"],
      authority: "https://login.microsoftonline.us",
      scopes: "narrow",
    });
  });

  it.each([
    "http://login.example.org",
    "https://login.example.org/x",
    "https://user@login.example.org",
    "login",
    "file:///x",
  ])("takes no %s for an authority", (authority) => {
    expect(() => readConfig({ LIFEBOAT_ENTRA_AUTHORITY: authority })).toThrow(/LIFEBOAT_ENTRA_AUTHORITY: an https URL/);
  });

  it("believes only proxies whose addresses are named", () => {
    expect(readConfig({}).proxies).toEqual([]);
    expect(readConfig({ LIFEBOAT_PROXIES: "10.0.0.5, fd00::1" }).proxies).toEqual(["10.0.0.5", "fd00::1"]);
    expect(() => readConfig({ LIFEBOAT_PROXIES: "proxy.example" })).toThrow(/LIFEBOAT_PROXIES.*IP addresses/);
  });

  it("deflates as hard as it is told, from 1 to 9", () => {
    expect(readConfig({ LIFEBOAT_COMPRESSION: "6" }).compression).toBe(6);
    for (const level of ["0", "10", "5.5", "best"])
      expect(() => readConfig({ LIFEBOAT_COMPRESSION: level })).toThrow(/LIFEBOAT_COMPRESSION: a level from 1 to 9/);
  });

  it("takes an empty setting for one that is not set", () => {
    expect(readConfig({ LIFEBOAT_DATA: "/data", LIFEBOAT_PORT: "" }).httpPort).toBe(7071);
  });

  it.each([
    ["LIFEBOAT_STORAGE_HOSTS", "https://store.example.org/"],
    ["LIFEBOAT_STORAGE_HOSTS", ".blob.core.windows.net, *.example.org"],
    ["LIFEBOAT_IDENTITY_CONTAINERS", "acct.blob.core.windows.net/backups"],
    ["LIFEBOAT_IDENTITY_CONTAINERS", "https://acct.blob.core.windows.net/backups?sig=x"],
    ["LIFEBOAT_SCRATCH", "scratch"],
    ["LIFEBOAT_DESTINATION", "/mnt/backups"],
    ["LIFEBOAT_DESTINATION", "file://mnt/backups"],
    ["LIFEBOAT_DESTINATION", "file:///mnt/%ff"],
    ["LIFEBOAT_DESTINATION", "file:///mnt%2fbackups"],
  ])("refuses %s=%s, which would never match anything", (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(new RegExp(`${name}: `));
  });

  it.each([
    ["LIFEBOAT_STORAGE_HOSTS", "127.0.0.1,[::1]:10000, Store.example.org:8443,.example.org"],
    ["LIFEBOAT_IDENTITY_CONTAINERS", "https://acct.blob.core.windows.net/, https://acct.blob.core.windows.net/backups"],
    ["LIFEBOAT_SCRATCH", "UseDevelopmentStorage=true"],
    ["LIFEBOAT_SCRATCH", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=k;EndpointSuffix=core.windows.net"],
  ])("takes %s=%s", (name, value) => {
    expect(() => readConfig({ [name]: value })).not.toThrow();
  });

  it("escapes folders in URLs", () => {
    const { scratch, defaultDestination } = readConfig({ LIFEBOAT_DATA: "/my data/50%" });
    expect([scratch.reveal(), defaultDestination.reveal()]).toEqual([
      "file:///my%20data/50%25/scratch",
      "file:///my%20data/50%25/backups/{site}",
    ]);
  });

  it("lets its identity open its own destination where that has no SAS, and nothing else", () => {
    const identity = (url: string) => readConfig({ LIFEBOAT_DESTINATION: url }).identityContainers;
    expect(identity("https://acct.blob.core.windows.net/backups/")).toEqual([
      "https://acct.blob.core.windows.net/backups",
    ]);
    expect(identity("https://acct.blob.core.windows.net/backups?sig=x")).toEqual([]);
    expect(identity("file:///mnt/backups")).toEqual([]);
  });

  it.each([
    ["file:///mnt/second%20disk/{site}", ["/mnt/second disk"]],
    ["file:///mnt/second disk/backups/of-{site}/all", ["/mnt/second disk/backups"]],
    ["file:///mnt/backups", ["/mnt/backups"]],
    ["file:///{site}", []],
    ["https://acct.blob.core.windows.net/{site}?sig=x", []],
  ])("allows backups in its own destination %s without a second setting", (url, folders) => {
    const roots = { LIFEBOAT_DATA: "/data", LIFEBOAT_FILE_ROOTS: "/other" };
    expect(readConfig({ ...roots, LIFEBOAT_DESTINATION: url }).fileRoots).toEqual([
      "/data/backups",
      "/other",
      ...folders,
    ]);
  });

  it("asks for what instances share where they share a catalog", () => {
    const tables = { LIFEBOAT_TABLES: "https://acct.table.core.windows.net/" };
    expect(() => readConfig(tables)).toThrow(/LIFEBOAT_SEALING_KEYS[\s\S]*LIFEBOAT_SCRATCH[\s\S]*LIFEBOAT_DESTINATION/);
    const shared = { LIFEBOAT_SEALING_KEYS: "k1:x", LIFEBOAT_SCRATCH: "https://acct.blob.core.windows.net/scratch" };
    expect(() => readConfig({ ...tables, ...shared })).toThrow(
      /a problem:\n {2}LIFEBOAT_DESTINATION: must be set where LIFEBOAT_TABLES is/,
    );
    const destination = { LIFEBOAT_DESTINATION: "https://acct.blob.core.windows.net/backups" };
    expect(() => readConfig({ ...tables, ...shared, ...destination })).not.toThrow();
  });
});
