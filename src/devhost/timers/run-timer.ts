import { randomUUID } from "node:crypto";
import type { InvocationRequest, RetryContext } from "../core-types.ts";
import { type FunctionTimeout, withTimeout } from "../function-timeout.ts";
import type { Invoker } from "../invoke.ts";
import type { Log } from "../log.ts";
import type { TimerFunction } from "./timer-function.ts";
import { type Place, timerStatus } from "./timer-status.ts";
import { inputsOf } from "../triggers.ts";

export type TimerRun = {
  readonly isPastDue: boolean;
  /** Undefined where the host keeps no status. */
  readonly place: Place | undefined;
  /** Resolves after so long, or as soon as the host is told to stop. */
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly isStopped: () => boolean;
};

export type TimerRunnerOptions = {
  readonly invoker: Invoker;
  readonly log: Log;
  readonly clientBinding: () => string;
  readonly timeout: FunctionTimeout;
};

/** Runs a timer function once, with its retries; never rejects. */
export type TimerRunner = (timer: TimerFunction, run: TimerRun) => Promise<void>;

/** The trigger's value as the real host sends it. */
const timerInfo = ({ schedule }: TimerFunction, { isPastDue, place }: TimerRun): string => {
  const status = place && timerStatus(place);
  return JSON.stringify({
    Schedule: { AdjustForDST: schedule.isCron },
    ScheduleStatus: status ? { Last: status.last, Next: status.next, LastUpdated: status.lastUpdated } : null,
    IsPastDue: isPastDue,
  });
};

export const createTimerRunner = ({ invoker, log, clientBinding, timeout }: TimerRunnerOptions): TimerRunner => {
  const attempt = async (timer: TimerFunction, run: TimerRun, retryContext: RetryContext | undefined) => {
    const { called, name } = timer;
    const request: InvocationRequest = {
      invocationId: randomUUID(),
      functionId: name,
      inputData: inputsOf(timer, { json: timerInfo(timer, run) }, clientBinding),
      triggerMetadata: {},
      ...(retryContext && { retryContext }),
    };
    try {
      await withTimeout(timeout, name, invoker.run(called, request));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  return async (timer, run) => {
    const { retry, name } = timer;
    let exception: RetryContext["exception"];
    for (let retryCount = 0; ; retryCount++) {
      const context = retry && { retryCount, maxRetryCount: retry.maxRetries, ...(exception && { exception }) };
      const error = await attempt(timer, run, context);
      if (!error) return;
      const isLast = !retry || (retry.maxRetries !== -1 && retryCount >= retry.maxRetries);
      const after = isLast && retry ? ` after ${retryCount} retries` : "";
      log("error", "Host.Timers", `Timer ${name} failed${after}: ${error.stack ?? error.message}`);
      if (isLast) return;
      await run.pause(retry.delayMs(retryCount + 1));
      if (run.isStopped()) return;
      exception = { message: error.message, stackTrace: error.stack ?? "" };
    }
  };
};
