import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { applyLocalSettings, type Environment, exemptLoopbackFromProxy } from "./app-settings.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type HostConfig, readHostConfig } from "./host-config.ts";
import { HostFailure } from "./host-failure.ts";
import type { Certificate } from "./http/http-listener.ts";
import type { Log } from "./log.ts";

export type HostOptions = {
  /** The app's entry file, package.json's `main`. */
  readonly appFile: string;
  /** The folder of host.json and local.settings.json. */
  readonly rootDir: string;
  /** Where keys and orchestrations are kept; made if missing. */
  readonly dataDir: string;
  /** Port of plain http; 0 takes a free one. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** A second port that speaks https. */
  readonly tls?: Certificate & { readonly port: number };
  /** Addresses of proxies in front, whose forwarded headers count; default none. */
  readonly proxies?: readonly string[];
  readonly log: Log;
  readonly clock?: Clock;
  /** Default process.env; local settings are added to it. */
  readonly environment?: Environment;
};

/** Options with defaults filled in, and the app's configuration. */
export type Settled = HostOptions & {
  readonly address: string;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly config: HostConfig;
};

const makeFolder = (folder: string): void => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new HostFailure(
      `The data folder ${folder} cannot be made: ${String(error)}. Choose another one, or check who may write there.`,
      { cause: error },
    );
  }
};

/** Reads settings and host.json and makes the data folder; throws a HostFailure that names what is wrong. */
export const settleOptions = (options: HostOptions): Settled => {
  const { environment = process.env, clock = systemClock, address = "127.0.0.1", rootDir, dataDir } = options;
  applyLocalSettings(join(rootDir, "local.settings.json"), environment);
  exemptLoopbackFromProxy(environment);
  const config = readHostConfig(join(rootDir, "host.json"), environment);
  makeFolder(dataDir);
  return { ...options, environment, clock, address, config };
};
