import { Database } from "./database.ts";
import type { HistoryEvent } from "./history-event.ts";
import { ensureSchema } from "./schema.ts";
import type { TimerStatus } from "./types.ts";

export type RuntimeStatus = "Pending" | "Running" | "Completed" | "Failed" | "Terminated";

export interface Parent {
  readonly id: string;
  readonly executionId: string;
  readonly taskId: number;
}

export interface Instance {
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  readonly status: RuntimeStatus;
  /** JSON text, like output and customStatus. */
  readonly input: string;
  readonly output: string | null;
  readonly customStatus: string | null;
  readonly created: number;
  readonly updated: number;
  readonly parentId: string | null;
  readonly parentExecutionId: string | null;
  readonly parentTaskId: number | null;
}

export interface Message {
  readonly seq: number;
  /** JSON text of a HistoryEvent. */
  readonly event: string;
}

export interface Activity {
  readonly seq: number;
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input: string;
  readonly attempts: number;
}

export interface InstanceFilter {
  readonly createdFrom: number;
  readonly createdTo: number;
  readonly idPrefix: string;
  /** All when empty. */
  readonly statuses: readonly string[];
}

export const isOpen = (status: RuntimeStatus): boolean => status === "Pending" || status === "Running";

const instanceColumns = `id AS instanceId, execution_id AS executionId, name, status, input, output,
  custom_status AS customStatus, created, updated, parent_id AS parentId,
  parent_execution_id AS parentExecutionId, parent_task_id AS parentTaskId`;
const activityColumns = `seq, instance_id AS instanceId, execution_id AS executionId, task_id AS taskId,
  name, input, attempts`;

const statements = (database: Database) => ({
  instance: database.first<Instance>(`SELECT ${instanceColumns} FROM instance WHERE id = ?`),
  instances: database.all<Instance>(
    `SELECT ${instanceColumns} FROM instance WHERE created BETWEEN ? AND ? ORDER BY created, id`,
  ),
  insertInstance: database.run(
    `INSERT INTO instance (id, execution_id, name, status, input, created, updated,
       parent_id, parent_execution_id, parent_task_id) VALUES (?, ?, ?, 'Pending', ?, ?, ?, ?, ?, ?)`,
  ),
  updateInstance: database.run(
    "UPDATE instance SET status = ?, output = ?, custom_status = ?, updated = ? WHERE id = ?",
  ),
  deleteInstance: database.run("DELETE FROM instance WHERE id = ?"),
  history: database.all<{ readonly events: string }>(
    "SELECT events FROM history WHERE instance_id = ? ORDER BY episode",
  ),
  insertHistory: database.run(
    `INSERT INTO history SELECT ?1, coalesce(max(episode), 0) + 1, ?2 FROM history WHERE instance_id = ?1`,
  ),
  deleteHistory: database.run("DELETE FROM history WHERE instance_id = ?"),
  messages: database.all<Message>("SELECT seq, event FROM inbox WHERE instance_id = ? AND due <= ? ORDER BY due, seq"),
  insertMessage: database.run("INSERT INTO inbox (instance_id, due, event) VALUES (?, ?, ?)"),
  deleteMessage: database.run("DELETE FROM inbox WHERE seq = ?"),
  deleteMessages: database.run("DELETE FROM inbox WHERE instance_id = ?"),
  instancesWithMessages: database.all<{ readonly instanceId: string }>(
    "SELECT DISTINCT instance_id AS instanceId FROM inbox WHERE due <= ?",
  ),
  instancesWithTimers: database.all<{ readonly instanceId: string }>(
    "SELECT DISTINCT instance_id AS instanceId FROM inbox WHERE due > 0 AND due <= ?",
  ),
  bringTimersForward: database.run(
    `UPDATE inbox SET due = max(1, due - instance.updated + ?1) FROM instance
      WHERE instance.id = inbox.instance_id AND inbox.due > ?1 AND instance.updated > ?1`,
  ),
  bringInstancesForward: database.run("UPDATE instance SET updated = ?1 WHERE updated > ?1 AND status = 'Running'"),
  nextDue: database.first<{ readonly due: number | null }>("SELECT min(due) AS due FROM inbox WHERE due > ?"),
  activities: database.all<Activity>(`SELECT ${activityColumns} FROM activity ORDER BY seq`),
  insertActivity: database.insert(
    "INSERT INTO activity (instance_id, execution_id, task_id, name, input, attempts) VALUES (?, ?, ?, ?, ?, ?)",
  ),
  countAttempt: database.run("UPDATE activity SET attempts = max(0, attempts + ?) WHERE seq = ?"),
  deleteActivity: database.run("DELETE FROM activity WHERE seq = ?"),
  deleteActivities: database.run("DELETE FROM activity WHERE instance_id = ?"),
  timerStatus: database.first<TimerStatus>(
    "SELECT last, next, last_updated AS lastUpdated FROM timer_status WHERE name = ?",
  ),
  saveTimerStatus: database.run("INSERT OR REPLACE INTO timer_status VALUES (?, ?, ?, ?)"),
});

/** The orchestrations on disk: single reads and writes, which callers put together in `database.transact`. */
export class Store {
  readonly database: Database;
  readonly #sql: ReturnType<typeof statements>;

  constructor(file: string) {
    this.database = new Database(file);
    try {
      ensureSchema(this.database, file);
      this.#sql = statements(this.database);
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  instance(id: string): Instance | undefined {
    return this.#sql.instance(id);
  }

  instances({ createdFrom, createdTo, idPrefix, statuses }: InstanceFilter): readonly Instance[] {
    return this.#sql
      .instances(createdFrom, createdTo)
      .filter(({ instanceId }) => instanceId.startsWith(idPrefix))
      .filter(({ status }) => statuses.length === 0 || statuses.includes(status));
  }

  insertInstance(
    instance: Pick<Instance, "instanceId" | "executionId" | "name" | "input" | "created">,
    parent?: Parent,
  ) {
    const { instanceId, executionId, name, input, created } = instance;
    const { id = null, executionId: parentExecutionId = null, taskId = null } = parent ?? {};
    this.#sql.insertInstance(instanceId, executionId, name, input, created, created, id, parentExecutionId, taskId);
  }

  updateInstance({ instanceId, status, output, customStatus, updated }: Instance): void {
    this.#sql.updateInstance(status, output, customStatus, updated, instanceId);
  }

  /** Forgets the instance and everything under way for it. */
  deleteInstance(id: string): void {
    this.#sql.deleteInstance(id);
    this.#sql.deleteHistory(id);
    this.dropPending(id);
  }

  /** Messages, timers and activities of an instance that will not process them any more. */
  dropPending(id: string): void {
    this.#sql.deleteMessages(id);
    this.#sql.deleteActivities(id);
  }

  /** The events as JSON text, separated by commas. */
  historyText(id: string): string {
    return this.#sql
      .history(id)
      .map(({ events }) => events)
      .join(",");
  }

  appendHistory(id: string, events: readonly HistoryEvent[]): void {
    this.#sql.insertHistory(id, events.map((event) => JSON.stringify(event)).join(","));
  }

  messages(id: string, now: number): readonly Message[] {
    return this.#sql.messages(id, now);
  }

  /** `due` 0 is at once. */
  post(id: string, event: HistoryEvent, due = 0): void {
    this.#sql.insertMessage(id, due, JSON.stringify(event));
  }

  deleteMessage(seq: number): void {
    this.#sql.deleteMessage(seq);
  }

  /** Instances that have something to process. */
  instancesWithMessages(now: number): readonly string[] {
    return this.#sql.instancesWithMessages(now).map(({ instanceId }) => instanceId);
  }

  instancesWithTimers(now: number): readonly string[] {
    return this.#sql.instancesWithTimers(now).map(({ instanceId }) => instanceId);
  }

  /** The clock was put back: timers that were set meanwhile wait for as long as they would have. */
  bringTimersForward(now: number): void {
    this.database.transactNow(() => {
      this.#sql.bringTimersForward(now);
      this.#sql.bringInstancesForward(now);
    });
  }

  /** When the next timer fires after `now`. */
  nextDue(now: number): number | undefined {
    return this.#sql.nextDue(now)?.due ?? undefined;
  }

  activities(): readonly Activity[] {
    return this.#sql.activities();
  }

  insertActivity(activity: Omit<Activity, "seq">): Activity {
    const { instanceId, executionId, taskId, name, input, attempts } = activity;
    return { ...activity, seq: this.#sql.insertActivity(instanceId, executionId, taskId, name, input, attempts) };
  }

  /** Adds to the number of unfinished attempts; false when the activity is gone: its instance has ended. */
  countAttempt(seq: number, by: 1 | -1): boolean {
    return this.#sql.countAttempt(by, seq) > 0;
  }

  deleteActivity(seq: number): void {
    this.#sql.deleteActivity(seq);
  }

  timerStatus(name: string): TimerStatus | undefined {
    const found = this.#sql.timerStatus(name);
    return found && { last: found.last, next: found.next, lastUpdated: found.lastUpdated };
  }

  saveTimerStatus(name: string, { last, next, lastUpdated }: TimerStatus): void {
    this.database.transactNow(() => this.#sql.saveTimerStatus(name, last, next, lastUpdated));
  }
}
