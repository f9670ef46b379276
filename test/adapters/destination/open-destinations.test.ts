import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openDestinations, type DestinationPolicy } from "../../../src/adapters/destination/open-destinations.ts";
import { storeAgents, storeReach } from "../../../src/adapters/destination/store-agents.ts";
import { readConfig } from "../../../src/config.ts";
import { Refusal } from "../../../src/domain/errors.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { refusedFolders, refusedUrls } from "../../support/refused-urls.ts";
import { resolver } from "../../support/resolver.ts";
import { namesOf, noise, readAll, store } from "./blocks.ts";
import { startProxy } from "./store-proxy.ts";

let base: string;
let policy: DestinationPolicy;
let siteDirectories: string[];

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "lifeboat-open-")));
  siteDirectories = [];
  mkdirSync(join(base, "mnt"));
  const config = readConfig({ LIFEBOAT_DATA: join(base, "data"), LIFEBOAT_FILE_ROOTS: join(base, "mnt") });
  policy = { ...config, siteDirectories: async () => siteDirectories };
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const sas = new Secret("sv=2024-11-04&sig=c2VjcmV0");
const folder = (...parts: readonly string[]): string => pathToFileURL(join(base, ...parts)).href;

/** The code and reason, without anything secret; "" when it opens. */
const refusal = async (container: string, credential?: Secret, changes: Partial<DestinationPolicy> = {}) => {
  const error = await openDestinations({ ...policy, ...changes })
    .open(container, credential)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  if (error === undefined) return "";
  if (!(error instanceof Refusal)) throw new Error("A Refusal was expected.", { cause: error });
  expect(error.message).toContain(container);
  return `${error.code}: ${String(error.details["reason"])}`;
};

describe("https containers", () => {
  it.each([
    "https://account.blob.core.windows.net/backups",
    "https://account.z07.blob.storage.azure.net/backups",
    "https://account.blob.core.chinacloudapi.cn/backups",
    "https://account.blob.core.usgovcloudapi.net/backups",
    "https://account.blob.core.windows.net/$root",
  ])("%s opens with a SAS", async (container) => {
    expect(await refusal(container, sas)).toBe("");
  });

  it.each(refusedUrls.filter(([, url]) => URL.canParse(url) && !url.startsWith("javascript")))(
    "that are %s are refused",
    async (_, url, reason) => {
      // As it is kept: the query is the SAS.
      const { href } = new URL(url);
      expect(await refusal(href, sas)).toMatch(/^DestinationRefused: /);
      if (!href.includes("?") && !href.includes("#")) expect(await refusal(href, sas)).toMatch(reason);
    },
  );

  it("may have the hosts of a setting, and no others then", async () => {
    const { storageHosts } = readConfig({ LIFEBOAT_STORAGE_HOSTS: "store.example.org, box.example.org:9000" });
    for (const host of ["store.example.org", "Box.example.org:9000"])
      expect(await refusal(`https://${host}/backups`, sas, { storageHosts })).toBe("");
    for (const host of ["box.example.org", "a.store.example.org", "account.blob.core.windows.net"])
      expect(await refusal(`https://${host}/backups`, sas, { storageHosts })).toContain("not one of");
  });

  it("may be plain http only on this machine, and only by a setting", async () => {
    const { allowHttpStorage } = readConfig({ LIFEBOAT_ALLOW_HTTP_STORAGE: "true" });
    for (const host of ["127.0.0.1:10000", "localhost:10000", "[::1]:10000"])
      expect(await refusal(`http://${host}/devstoreaccount1/backups`, sas, { allowHttpStorage })).toBe("");
    for (const host of ["192.168.1.4:10000", "127.0.0.1.example.org", "account.blob.core.windows.net"])
      expect(await refusal(`http://${host}/backups`, sas, { allowHttpStorage })).toContain("plain http");
  });

  it("open without a SAS only where Lifeboat's own identity is meant", async () => {
    const { identityContainers } = readConfig({
      LIFEBOAT_DESTINATION: "https://one.blob.core.windows.net/backups/",
      LIFEBOAT_IDENTITY_CONTAINERS: "https://Two.blob.core.windows.net/",
    });
    const asked: string[] = [];
    const identity: DestinationPolicy["identity"] = async () => {
      asked.push("identity");
      return { getToken: async () => ({ token: "t", expiresOnTimestamp: 0 }) };
    };
    const changes = { identityContainers, identity };
    expect(await refusal("https://one.blob.core.windows.net/backups", undefined, changes)).toBe("");
    expect(await refusal("https://two.blob.core.windows.net/any", undefined, changes)).toBe("");
    expect(asked).toEqual(["identity", "identity"]);
    for (const container of [
      "https://one.blob.core.windows.net/backups2",
      "https://three.blob.core.windows.net/backups",
    ])
      expect(await refusal(container, undefined, changes)).toMatch(/has no SAS.*LIFEBOAT_IDENTITY_CONTAINERS/);
    expect(asked).toHaveLength(2);
    expect(await refusal("https://one.blob.core.windows.net/backups")).toMatch(/has no SAS/);
  });
});

describe("addresses behind a host's name", () => {
  it.each([
    ["the metadata service", ["169.254.169.254"]],
    ["a link-local address", ["fe80::1"]],
    ["this machine", ["127.0.0.1"]],
    ["this machine over IPv6", ["::1"]],
    ["this machine, mapped", ["::ffff:127.0.0.1"]],
    ["no address", ["0.0.0.0"]],
    ["a store, and this machine behind it", ["20.60.1.1", "127.0.0.1"]],
  ])("that are %s are refused when connecting, and nothing is tried again", async (_, addresses) => {
    const { resolve, asked } = resolver(() => addresses);
    const destinations = openDestinations({ ...policy, resolve });
    const destination = await destinations.open("https://account.blob.core.windows.net/backups", sas);
    await expect(destination.head("a.zip")).rejects.toMatchObject({
      kind: "AccessDenied",
      message: expect.stringContaining("leads to an address where no store may be"),
    });
    expect(asked).toEqual(["account.blob.core.windows.net"]);
  });

  it("may be private ones: there the private endpoints of storage accounts are", () => {
    expect(storeReach.allows("private", "account.blob.core.windows.net")).toBe(true);
    expect(storeReach.allows("loopback", "account.blob.core.windows.net")).toBe(false);
    expect(storeReach.allows("loopback", "localhost")).toBe(true);
  });

  it("are the proxy's matter where there is one", () => {
    for (const name of ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"])
      for (const spelling of [name, name.toLowerCase()]) vi.stubEnv(spelling, "");
    try {
      const agentOf = storeAgents();
      expect(agentOf("https://store.example.org")).toBeInstanceOf(HttpsAgent);
      expect(agentOf("http://127.0.0.1")).not.toBeInstanceOf(HttpsAgent);
      vi.stubEnv("https_proxy", "http://proxy.example.org:3128");
      expect(agentOf("https://store.example.org")).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("a store that redirects", () => {
  it("is not followed, neither reading nor writing, and no SAS goes there", async () => {
    const asked: string[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const there = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`; // listens on TCP
    const proxy = await startProxy(there);
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        proxy.fate = () => ({ status, headers: { location: `${there}/a/b/c.zip` } });
        const destination = await openDestinations({ ...policy, allowHttpStorage: true }).open(
          proxy.through("http://127.0.0.1/account/backups"),
          sas,
        );
        await expect(destination.read("a.zip", { offset: 0, length: 1 })).rejects.toMatchObject({ kind: "Invalid" });
        await expect(store(destination, "b.zip", [noise(10, "b")])).rejects.toMatchObject({ kind: "Invalid" });
      }
      expect(asked).toEqual([]);
      expect(proxy.seen).toHaveLength(10);
    } finally {
      await proxy.close();
      await new Promise((resolve) => elsewhere.close(resolve));
    }
  });
});

describe("folders", () => {
  it("in the data folder's backups are made by the first write", async () => {
    const destinations = openDestinations(policy);
    const destination = await destinations.open(folder("data", "backups", "shop"), undefined);
    expect(await namesOf(destination.list(""))).toEqual([]);
    await store(destination, "a.zip", [noise(1000, "a")]);
    expect((await readAll(destination, "a.zip")).equals(noise(1000, "a"))).toBe(true);
    const again = await destinations.open(`${folder("data", "backups")}/../backups/shop`, undefined);
    expect(again, "one for a folder, so that its staged blocks are known").toBe(destination);
  });

  it("below the roots of a setting open, the root itself too", async () => {
    expect(await refusal(folder("mnt"))).toBe("");
    expect(await refusal(folder("mnt", "a folder", "50%"))).toBe("");
  });

  it("on a disk that is not mounted are not made on another", async () => {
    rmSync(join(base, "mnt"), { recursive: true });
    expect(await refusal(folder("mnt", "shop"))).toMatch(/^DestinationUnavailable: .*Mount or create it/);
  });

  it.each([
    [["elsewhere"], /not below one of LIFEBOAT_FILE_ROOTS/],
    [["mnt2"], /not below/],
    [["mnt", "..", "elsewhere"], /not below/],
    [["data"], /not below/],
    [["data", "sites"], /not below/],
  ] as const)("%j is refused", async (parts, reason) => {
    expect(await refusal(folder(...parts))).toMatch(reason);
  });

  it("reached through a link count where they are", async () => {
    mkdirSync(join(base, "elsewhere"));
    symlinkSync(join(base, "elsewhere"), join(base, "mnt", "out"));
    mkdirSync(join(base, "mnt", "in"));
    symlinkSync(join(base, "mnt", "in"), join(base, "link"));
    expect(await refusal(folder("mnt", "out", "shop"))).toContain("not below");
    expect(await refusal(folder("link"))).toBe("");
  });

  it("in whose place somebody puts a link afterwards are neither read nor written through it", async () => {
    mkdirSync(join(base, "mnt", "shop"));
    mkdirSync(join(base, "elsewhere"));
    const destination = await openDestinations(policy).open(folder("mnt", "shop"), undefined);
    await store(destination, "a.zip", [noise(1000, "a")]);
    cpSync(join(base, "mnt", "shop"), join(base, "elsewhere"), { recursive: true });
    renameSync(join(base, "mnt", "shop"), join(base, "mnt", "away"));
    symlinkSync(join(base, "elsewhere"), join(base, "mnt", "shop"));
    const refused = { kind: "AccessDenied", message: expect.stringContaining("leads elsewhere by now") };
    await expect(destination.read("a.zip", { offset: 0, length: 1 })).rejects.toMatchObject(refused);
    await expect(destination.head("a.zip")).rejects.toMatchObject(refused);
    await expect(namesOf(destination.list(""))).rejects.toMatchObject(refused);
    await expect(destination.remove("a.zip")).rejects.toMatchObject(refused);
    await expect(store(destination, "b.zip", [noise(10, "b")])).rejects.toMatchObject(refused);
    expect(readdirSync(join(base, "elsewhere")).toSorted()).toEqual([".lifeboat", "a.zip"]);
    expect(await refusal(folder("mnt", "shop"))).toContain("not below");
  });

  it("whose own folder inside is a link are not written through it", async () => {
    mkdirSync(join(base, "mnt", "shop"));
    mkdirSync(join(base, "elsewhere"));
    const destination = await openDestinations(policy).open(folder("mnt", "shop"), undefined);
    symlinkSync(join(base, "elsewhere"), join(base, "mnt", "shop", ".lifeboat"));
    await expect(store(destination, "b.zip", [noise(10, "b")])).rejects.toMatchObject({ kind: "AccessDenied" });
    expect(readdirSync(join(base, "elsewhere"))).toEqual([]);
  });

  it("give out no file that a link stands for", async () => {
    mkdirSync(join(base, "mnt", "shop"));
    writeFileSync(join(base, "secret"), "secret");
    symlinkSync(join(base, "secret"), join(base, "mnt", "shop", "a.zip"));
    const destination = await openDestinations(policy).open(folder("mnt", "shop"), undefined);
    expect(await destination.head("a.zip")).toBeUndefined();
    expect(await namesOf(destination.list(""))).toEqual([]);
    await expect(destination.read("a.zip", { offset: 0, length: 6 })).rejects.toMatchObject({ kind: "NotFound" });
    await expect(store(destination, "a.zip", [noise(10, "b")])).rejects.toMatchObject({ kind: "AlreadyExists" });
    // What it staged is its run's to forget; its files would stay open.
    await destination.abandonRun("run-store");
    expect(readFileSync(join(base, "secret"), "utf8")).toBe("secret");
  });

  it("and the data folder do not contain one another", async () => {
    const changes = { fileRoots: [base, ...policy.fileRoots] };
    for (const parts of [[], ["data"], ["data", "tls"], ["data", "backups2"], ["data", "scratch", "x"]])
      expect(await refusal(folder(...parts), undefined, changes)).toContain("contain one another");
    expect(await refusal(folder("data", "backups"), undefined, changes)).toBe("");
    expect(await refusal(folder("beside"), undefined, changes)).toBe("");
  });

  it("and a site do not contain one another, through links neither", async () => {
    mkdirSync(join(base, "srv", "shop"), { recursive: true });
    symlinkSync(join(base, "mnt"), join(base, "www"));
    siteDirectories = [join(base, "srv", "shop"), join(base, "www", "blog"), join(base, "gone")];
    const changes = { fileRoots: [join(base, "srv"), join(base, "mnt")] };
    for (const parts of [["srv"], ["srv", "shop"], ["srv", "shop", "backups"], ["mnt"], ["mnt", "blog", "b"]])
      expect(await refusal(folder(...parts), undefined, changes)).toMatch(
        /site directory .*would hold the ones before/,
      );
    expect(await refusal(folder("srv", "shop-backups"), undefined, changes)).toBe("");
    expect(await refusal(folder("mnt", "backups"), undefined, changes)).toBe("");
  });

  it("and sites are compared anew after two seconds, not at every step of a run", async () => {
    mkdirSync(join(base, "www"));
    const asked: string[] = [];
    const clock = { now: 0 };
    const destinations = openDestinations({
      ...policy,
      now: () => clock.now,
      siteDirectories: async () => {
        asked.push("sites");
        return siteDirectories;
      },
    });
    const open = async () => destinations.open(folder("mnt", "shop"), undefined);
    await open();
    await open();
    expect(asked).toHaveLength(1);
    siteDirectories = [join(base, "mnt", "shop")];
    clock.now = 2_001;
    await expect(open()).rejects.toThrow(/site directory/);
  });

  it("whose sites could not be read open when they can be read again", async () => {
    const clock = { now: 0 };
    let isBroken = true;
    const destinations = openDestinations({
      ...policy,
      now: () => clock.now,
      siteDirectories: async () => {
        if (isBroken) throw new Error("EIO");
        return [];
      },
    });
    await expect(destinations.open(folder("mnt"), undefined)).rejects.toThrow("EIO");
    isBroken = false;
    await destinations.open(folder("mnt"), undefined);
  });

  it("and the folder where new sites go do not contain one another", async () => {
    const changes = { sitesRoot: join(base, "mnt", "www"), sitesFolder: join(base, "mnt", "sites") };
    for (const parts of [["mnt"], ["mnt", "www", "x"], ["mnt", "sites"]])
      expect(await refusal(folder(...parts), undefined, changes)).toContain("contain one another");
  });

  it.each(refusedFolders)("that are %s are refused", async (_, url, says) => {
    expect(await refusal(url)).toMatch(/^DestinationRefused: /);
    expect(await refusal(url)).toMatch(says);
  });

  it("have no query", async () => {
    expect(await refusal(`${folder("mnt")}?sig=x`)).toContain("no ? and no #");
  });
});
