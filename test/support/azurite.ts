import { spawn, type ChildProcessByStdio } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { boundToRun, ended } from "./bound-to-run.ts";

/** Azurite's one account; its key is published by Microsoft and opens nothing but emulators. */
const account = "devstoreaccount1";
const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** For `describeWith("azurite", azuritePresent, ...)`. */
export const azuritePresent = existsSync("node_modules/azurite/dist/src/azurite.js");

export interface Azurite {
  /** For both services, as SDKs take it. */
  readonly connectionString: string;
  /** `http://127.0.0.1:<port>/devstoreaccount1` */
  readonly blobUrl: string;
  /** Undefined unless started with `tables`. */
  readonly tableUrl: string | undefined;
  readonly account: string;
  readonly key: string;
  /** Makes the container and answers its URL, without SAS. */
  createContainer(name: string): Promise<string>;
  /** A container's URL with a service SAS, e.g. `containerSas("backups", "rwdl", new Date(...))`. */
  containerSas(name: string, permissions: string, expiry: Date): string;
  stop(): Promise<void>;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

interface AzuriteOptions {
  readonly tables?: boolean;
  /** Serves https, and takes bearer tokens, whose signature it does not check. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** Starts an Azurite of its own on free loopback ports, with its data in a temporary folder that `stop` removes. */
export const startAzurite = async (options: AzuriteOptions = {}): Promise<Azurite> => {
  const folder = await mkdtemp(join(tmpdir(), "lifeboat-azurite-"));
  const services = options.tables ? ["blob", "queue", "table"] : ["blob"];
  const secure = options.tls && ["--oauth", "basic", "--cert", options.tls.certFile, "--key", options.tls.keyFile];
  const child = launch(services, folder, secure ?? []);
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [blob, table] = await Promise.all([
      listening(child, "Blob"),
      options.tables ? listening(child, "Table") : undefined,
    ]);
    return running(`${blob}/${account}`, table === undefined ? undefined : `${table}/${account}`, stop);
  } catch (error) {
    await stop();
    throw error;
  }
};

const launch = (services: readonly string[], folder: string, more: readonly string[]): Child => {
  const script = services.length === 1 ? "blob/main.js" : "azurite.js";
  const ports = services.flatMap((service) => [`--${service}Port`, "0", `--${service}Host`, "127.0.0.1"]);
  const flags = ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", folder, ...more];
  const program = [`node_modules/azurite/dist/src/${script}`, ...ports, ...flags];
  return boundToRun(spawn(process.execPath, program, { stdio: ["ignore", "pipe", "pipe"] }));
};

/** The service's address, read from Azurite's own words: a port chosen by the system cannot be taken meanwhile. */
const listening = (child: Child, service: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer): void => {
      said += chunk.toString("utf8");
      const address = new RegExp(`Azurite ${service} service (?:is )?successfully listen\\S* (?:on|at) (\\S+)`).exec(
        said,
      );
      if (address?.[1]) resolve(address[1]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`Azurite ended before it listened: ${said}`)));
  });

const running = (blobUrl: string, tableUrl: string | undefined, stop: () => Promise<void>): Azurite => {
  const credential = new StorageSharedKeyCredential(account, key);
  const endpoints = [`BlobEndpoint=${blobUrl}`, ...(tableUrl === undefined ? [] : [`TableEndpoint=${tableUrl}`])];
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};${endpoints.join(";")};`,
    blobUrl,
    tableUrl,
    account,
    key,
    createContainer: async (name) => {
      await new BlobServiceClient(blobUrl, credential).createContainer(name);
      return `${blobUrl}/${name}`;
    },
    containerSas: (name, permissions, expiry) => {
      const values = {
        containerName: name,
        permissions: ContainerSASPermissions.parse(permissions),
        startsOn: new Date(Math.min(Date.now(), expiry.getTime()) - 3_600_000),
        expiresOn: expiry,
        protocol: SASProtocol.HttpsAndHttp,
      };
      return `${blobUrl}/${name}?${generateBlobSASQueryParameters(values, credential).toString()}`;
    },
    stop,
  };
};
