import type { Alarm, Channel, EndedBackup } from "../../../src/domain/alarm.ts";
import { Secret } from "../../../src/domain/secret.ts";
import type { AlarmPolicy, Installation } from "../../../src/operations/installation.ts";
import { NotSent } from "../../../src/ports/notifier.ts";
import { memoryInstallation } from "../../support/installation.ts";

const hook: Channel = { kind: "webhook", url: new Secret("https://hooks.example/secret"), form: "cloudevents" };

/** An installation in memory whose alarms are kept in a list, with receivers that can be out of order. */
export const alarmWorld = (policy: Partial<AlarmPolicy> = {}) => {
  const world = memoryInstallation();
  const taken: { readonly alarm: Alarm; readonly channel: Channel["kind"]; readonly url?: string }[] = [];
  const receivers = { broken: false };
  const deps: Installation = {
    ...world.deps,
    policy: { ...world.deps.policy, alarms: { channels: { webhook: hook }, missedIntervals: 2, ...policy } },
    notifier: {
      addressProblem: () => undefined,
      send: async (channel, alarm) => {
        if (receivers.broken) throw new NotSent("out of order");
        taken.push({
          alarm,
          channel: channel.kind,
          ...(channel.kind === "mail" ? {} : { url: channel.url.reveal() }),
        });
      },
    },
  };
  const pass = (minutes: number): void => {
    world.clock.time = new Date(world.clock.time.getTime() + minutes * 60_000);
  };
  return { ...world, deps, taken, receivers, pass };
};

export const endedBackup = (id: number, status: EndedBackup["status"], finished: Date): EndedBackup => ({
  id,
  name: `b${id}`,
  status,
  scheduled: true,
  finished: finished.toISOString(),
  seconds: 10,
  bytes: 1_000,
});
