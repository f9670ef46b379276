import { randomUUID } from "node:crypto";
import type { Channel } from "../domain/alarm.ts";
import type { Secret } from "../domain/secret.ts";
import type { PackRunner } from "../archive/threads/pack-runner.ts";
import type { ReadRunner } from "../archive/threads/read-runner.ts";
import type { TierLimit } from "../domain/quota.ts";
import type { BackupSchedule } from "../domain/schedule.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { DatabaseTools } from "../ports/database-tool.ts";
import type { Destination } from "../ports/destination.ts";
import type { Destinations } from "../ports/destinations.ts";
import type { Machine } from "../ports/machine.ts";
import type { LoggedError } from "../ports/log.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Recovery, Sealer } from "../ports/secrets.ts";
import type { SiteHosts, Sites } from "../ports/sites.ts";
import type { KnownKeys } from "./keys/known-keys.ts";
import type { RunsAtWork } from "./runs/runs-at-work.ts";

/** What operations and steps work with: the ports, and the installation's policy. */
export interface Installation {
  readonly catalog: Catalog;
  /** By which callers are known. */
  readonly keys: KnownKeys;
  readonly sites: Sites;
  readonly hosts: SiteHosts;
  readonly destinations: Destinations;
  readonly databaseTools: DatabaseTools;
  /** Work storage of runs: plans, shard indexes. Never the customer's container. */
  readonly scratch: () => Promise<Destination>;
  /** Seals the catalog's secrets. */
  readonly sealer: Sealer;
  /** Seals configurations into archives. */
  readonly recovery: Recovery;
  /** The archive engine's threads: one pool for the process. */
  readonly threads: PackRunner & ReadRunner;
  readonly notifier: Notifier;
  readonly machine: Machine;
  readonly runsAtWork: RunsAtWork;
  /** What this process has told as errors lately. */
  readonly lastErrors: () => readonly LoggedError[];
  readonly clock: Clock;
  /** Names the store of this process' workflows, where other stores may share the catalog. Absent: there is one. */
  readonly hub?: string;
  /** Random, unique, lower case. */
  readonly newId: () => string;
  readonly policy: Policy;
  readonly version: string;
}

export interface Policy {
  /** `{site}` is replaced by the site's name. */
  readonly defaultDestination: Secret;
  readonly undoDays: number;
  readonly maxBackupBytes?: TierLimit;
  /** How long the host lets a step run; absent: as long as it likes. */
  readonly functionTimeoutMs?: number;
  readonly backupsPerDay?: TierLimit;
  /** Of sites without one of their own; absent: those are not backed up by themselves. */
  readonly schedule?: BackupSchedule;
  /** Sites that share the installation's schedule start within so many minutes of its times, each at its own. */
  readonly spreadMinutes: number;
  /** Planned runs begin while fewer than this are open; one place of them stays free for restores. */
  readonly openRuns: number;
  /** A backup that takes longer is ended as TimedOut. */
  readonly runHours: number;
  readonly alarms: AlarmPolicy;
}

/** What the installation does about alarms, by its own settings. */
export interface AlarmPolicy {
  /** By name: "webhook", "mail". For every site. */
  readonly channels: Readonly<Record<string, Channel>>;
  /** So many intervals without a good backup are an alarm. */
  readonly missedIntervals: number;
  /** Minute of the UTC day at which the digest is sent; absent: no digest. */
  readonly digestMinute?: number;
  /** Is asked every few minutes while the installation works. */
  readonly heartbeat?: Secret;
}

export const randomId = (): string => randomUUID();
