import type { Secret } from "../domain/secret.ts";
import type { Alarm, Channel } from "../domain/alarm.ts";

/** Sends alarms to people and their machines. */
export interface Notifier {
  /** Why nothing would ever be sent to this address, as a sentence without it; undefined when something may be. */
  addressProblem(url: Secret): string | undefined;

  /**
   * Resolves once the receiver has taken it; ends within some 15 seconds either way. Throws NotSent, whose message names
   * what went wrong and nothing of an address. It may have arrived all the same: the alarm's id tells the receiver.
   */
  send(channel: Channel, alarm: Alarm): Promise<void>;
}

export class NotSent extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "NotSent";
  }
}
