import type { CommandContext } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";
import { progressView, type ProgressNews, type ProgressView } from "../terminal/progress-view.ts";

/** Long work on the service that a person waits for. */
export interface Watched<Result> {
  /** `Backing up shop`. */
  readonly title: string;
  /** How to look again later, as a sentence. */
  readonly comeBack: string;
  /** The result, or how far it is. */
  readonly poll: () => Promise<{ readonly result: Result } | { readonly news: ProgressNews }>;
  /** Absent where the service cannot cancel it. What has been asked to end is watched until it has. */
  readonly cancel?: () => Promise<"ended" | "ending">;
}

const pollMs = 500;
const retryMs = 2_000;
/** A restart takes seconds, a reboot a few minutes. */
const patienceMs = 300_000;

/**
 * Waits for the end, telling progress. Ctrl-C never ends the work by itself: it asks. A service that goes away meanwhile
 * is waited for, wherever it comes back.
 */
export const watch = async <Result>(context: CommandContext, watched: Watched<Result>): Promise<Result> => {
  const { terminal, now, quiet, pause } = context;
  const view = progressView(terminal, { now, quiet, title: watched.title });
  const interrupt = interruptions(context);
  let goneSince: number | undefined;
  try {
    for (;;) {
      if (interrupt.came()) await decide(context, watched, { view, clear: interrupt.clear });
      try {
        const state = await watched.poll();
        if (goneSince !== undefined) view.say("The service answers again.");
        goneSince = undefined;
        if ("result" in state) return state.result;
        view.show(state.news);
        await Promise.race([pause(pollMs), interrupt.next()]);
      } catch (error) {
        if (!isOutage(error)) throw error;
        if (goneSince === undefined) view.say(`${error.message.split("\n")[0]} Waiting for it to come back.`);
        goneSince ??= now().getTime();
        if (now().getTime() - goneSince > patienceMs) throw gone(error, watched);
        context.connection().renew();
        await Promise.race([pause(retryMs), interrupt.next()]);
      }
    }
  } finally {
    interrupt.close();
    view.close();
  }
};

const isOutage = (error: unknown): error is CommandFailure =>
  error instanceof CommandFailure && error.exitCode === exitCodes.unreachable && error.code !== "CertificateNotTrusted";

const gone = (error: CommandFailure, { comeBack }: Pick<Watched<unknown>, "comeBack">): CommandFailure =>
  new CommandFailure(
    exitCodes.unreachable,
    error.code,
    `${error.message} What was begun goes on when the service runs again. ${comeBack}`,
    { cause: error },
  );

interface Interruptions {
  readonly came: () => boolean;
  /** Resolves at the next one; at once when one came already. */
  readonly next: () => Promise<void>;
  readonly clear: () => void;
  readonly close: () => void;
}

const interruptions = ({ terminal }: CommandContext): Interruptions => {
  let came = false;
  let wake: () => void = () => undefined;
  const stop = terminal.onInterrupt(() => {
    came = true;
    wake();
  });
  return {
    came: () => came,
    next: () =>
      new Promise((resolve) => {
        if (came) resolve();
        else wake = resolve;
      }),
    clear: () => {
      came = false;
    },
    close: stop,
  };
};

/** Returns to go on watching: because that was the answer, or because what was cancelled has still to end. */
const decide = async <Result>(
  { terminal }: CommandContext,
  watched: Watched<Result>,
  { view, clear }: { readonly view: ProgressView; readonly clear: () => void },
): Promise<void> => {
  view.clear();
  if (!terminal.canAsk) throw left(watched);
  const choices =
    watched.cancel === undefined ? "(l)eave it running, (w)atch on" : "(l)eave it running, (c)ancel it, (w)atch on";
  const typed = (await terminal.ask(`\n${choices}? [l] `))?.trim().toLowerCase();
  // A second Ctrl-C means: let me go.
  clear();
  if (typed === "w" || typed === "watch") return;
  if ((typed !== "c" && typed !== "cancel") || watched.cancel === undefined) throw left(watched);
  try {
    const answer = await watched.cancel();
    if (answer === "ended") throw new CommandFailure(exitCodes.failed, "Cancelled", `${watched.title}: cancelled.`);
    view.say("Cancelled. It ends when everything is as it was before.");
  } catch (error) {
    // Too late: how it ends is worth more than that.
    if (!(error instanceof CommandFailure) || error.exitCode !== exitCodes.refused) throw error;
    view.say(error.message);
  }
};

const left = ({ title, comeBack }: Watched<unknown>): CommandFailure =>
  new CommandFailure(exitCodes.leftRunning, "LeftRunning", `${title}: it goes on without you. ${comeBack}`);
