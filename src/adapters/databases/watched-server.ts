import { databaseLabel, DatabaseFailure, type DatabaseConnection } from "../../domain/database.ts";

interface Watching {
  readonly connection: DatabaseConnection;
  /**
   * Asks the server something small over a connection of its own, until the signal. Answers why the work should end. What it
   * throws is an answer too, unless it is that nobody answered.
   */
  readonly ask: (signal: AbortSignal) => Promise<DatabaseFailure | undefined>;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * How long a server may not answer at all, or a dump wait for a table that others hold locked: long enough for a server that
 * fails over or is very busy; a site may be stopped meanwhile.
 */
export const serverPatienceMs = 120_000;
const silentTimes = 4;
/** How long one answer is waited for, and how long it is between two questions. */
export const askEveryMs = (patienceMs: number): number => patienceMs / silentTimes;

/**
 * `signal`, which also aborts when the server does not answer any more. Vendors' tools wait for ever for a server that hangs, or
 * for a connection that something on the way has forgotten. Call `release` when the work is done.
 */
export const watchedServer = ({
  connection,
  ask,
  patienceMs,
  signal,
}: Watching): { readonly signal: AbortSignal; readonly release: () => void } => {
  const everyMs = askEveryMs(patienceMs);
  const givenUp = new AbortController();
  let asking = new AbortController();
  let isReleased = false;
  let silent = 0;
  const look = async (): Promise<void> => {
    asking = new AbortController();
    const why = await answer(ask, asking, everyMs);
    if (isReleased) return;
    silent = why === "silent" ? silent + 1 : 0;
    if (why === "silent" && silent === silentTimes) givenUp.abort(silence(connection, everyMs));
    else if (why !== "silent" && why !== undefined) givenUp.abort(why);
    else timer = setTimeout(() => void look(), everyMs);
  };
  let timer = setTimeout(() => void look(), everyMs);
  return {
    signal: AbortSignal.any([signal, givenUp.signal]),
    release: () => {
      isReleased = true;
      clearTimeout(timer);
      asking.abort();
    },
  };
};

const answer = async (
  ask: Watching["ask"],
  asking: AbortController,
  withinMs: number,
): Promise<DatabaseFailure | "silent" | undefined> => {
  const late = setTimeout(() => asking.abort(), withinMs);
  try {
    return await ask(asking.signal);
  } catch (error) {
    const isSilent = asking.signal.aborted || (error instanceof DatabaseFailure && error.kind === "Unreachable");
    return isSilent ? "silent" : undefined;
  } finally {
    clearTimeout(late);
  }
};

const silence = (connection: DatabaseConnection, everyMs: number): DatabaseFailure =>
  new DatabaseFailure(
    "Unreachable",
    `The database ${databaseLabel(connection)}: its server has not answered ${silentTimes} times in a row, each waited for ${everyMs / 1_000} seconds. Look whether it hangs, and what lies between; then try again.`,
  );
