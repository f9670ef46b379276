import { alarmId } from "../../domain/alarm.ts";
import { messageOf } from "../../domain/errors.ts";
import type { Call } from "../../ports/call.ts";
import type { AlarmDeps } from "./alarm-channels.ts";
import { isReady } from "../checks/health.ts";

/** A sign of life for a watcher elsewhere, which raises the alarm when none comes: a dead Lifeboat cannot. */
export const sendHeartbeat =
  (deps: AlarmDeps) =>
  async (call: Call): Promise<void> => {
    const { heartbeat } = deps.policy.alarms;
    if (heartbeat === undefined) return;
    const { problems } = await isReady(deps);
    if (problems.length > 0) return call.log.error("no heartbeat is sent: Lifeboat is not well", { problems });
    const now = deps.clock.now().toISOString();
    try {
      await deps.notifier.send(
        { kind: "ping", url: heartbeat },
        { id: alarmId("succeeded", undefined, now), kind: "succeeded", time: now, title: "alive", text: "" },
      );
    } catch (error) {
      call.log.warn("the heartbeat was not taken", { error: messageOf(error) });
    }
  };
