import type { Terminal } from "./terminal.ts";
import { showBytes } from "../../domain/show-bytes.ts";
import { showSeconds } from "./show-text.ts";

/** How far something is, as the API tells it. */
export interface ProgressNews {
  /** Null before it began. */
  readonly phase: string | null;
  readonly percent: number;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly secondsLeft: number | null;
}

/** Tells progress to a person: one line that is drawn again, or a plain line every few seconds while it moves. */
export interface ProgressView {
  readonly show: (news: ProgressNews) => void;
  /** A line that stays, above the one that is drawn again. */
  readonly say: (line: string) => void;
  /** Takes the drawn line away. */
  readonly clear: () => void;
  readonly close: () => void;
}

/** Plain lines: every five seconds at first, ever more rarely for what takes an hour, and only when something changed. */
const plainEveryMs = 5_000;
const rarestMs = 60_000;
/** Contents come in hundreds of pieces a second, and a line may be far away. */
const drawEveryMs = 100;

export const progressView = (
  terminal: Terminal,
  { now, quiet, title }: { readonly now: () => Date; readonly quiet: boolean; readonly title: string },
): ProgressView => {
  const rate = rateMeter(now);
  let drawn = "";
  let drawnLast: { readonly phase: string | null; readonly at: number } = { phase: null, at: -drawEveryMs };
  const began = now().getTime();
  let told = { state: "", phase: "", at: began };
  const clear = (): void => {
    if (drawn !== "") terminal.err("\r\u001b[K");
    drawn = "";
  };
  const draw = (line: string): void => {
    // A line that wraps could not be taken away again.
    drawn = line.slice(0, Math.max(1, terminal.columns() - 1));
    terminal.err(`\r\u001b[K${drawn}`);
  };
  const stopResizing = terminal.errIsTerminal
    ? terminal.onResize(() => {
        if (drawn !== "") draw(drawn);
      })
    : () => undefined;
  return {
    show(news) {
      if (quiet) return;
      const line = `${title}: ${progressLine(news, rate(news))}`;
      const at = now().getTime();
      if (terminal.errIsTerminal) {
        if (news.phase === drawnLast.phase && at - drawnLast.at < drawEveryMs) return;
        drawnLast = { phase: news.phase, at };
        return draw(line);
      }
      const phase = news.phase ?? "";
      const state = JSON.stringify([phase, news.percent, news.bytes]);
      const everyMs = Math.min(Math.max(plainEveryMs, (at - began) / 10), rarestMs);
      const isDue = at - told.at >= (state === told.state || phase === "" ? rarestMs : everyMs);
      if (phase === told.phase && !isDue) return;
      told = { state, phase, at };
      terminal.err(`${line}\n`);
    },
    say(line) {
      clear();
      terminal.err(`${line}\n`);
    },
    clear,
    close() {
      clear();
      stopResizing();
    },
  };
};

/** Phases are words of the API; people get them as a sentence would. */
const phaseWords = (phase: string): string => phase.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();

export const progressLine = (news: ProgressNews, bytesPerSecond: number | undefined): string => {
  if (news.phase === null || news.phase === "") return "waiting to begin";
  const parts = [phaseWords(news.phase)];
  if (news.totalBytes > 0) {
    parts.push(`${String(news.percent).padStart(3)}%`);
    parts.push(`${showBytes(news.bytes)} of ${showBytes(news.totalBytes)}`);
  } else if (news.bytes > 0) parts.push(showBytes(news.bytes));
  if (bytesPerSecond !== undefined && bytesPerSecond > 0) parts.push(`${showBytes(bytesPerSecond)}/s`);
  if (news.secondsLeft !== null && news.secondsLeft > 0) parts.push(`${showSeconds(news.secondsLeft)} left`);
  return parts.join("  ");
};

const rateOverMs = 10_000;

/** Bytes a second over the last ten seconds; starts anew with each phase, whose bytes may be others. */
const rateMeter = (now: () => Date) => {
  let phase: string | null = null;
  let samples: { readonly at: number; readonly bytes: number }[] = [];
  return (news: ProgressNews): number | undefined => {
    const at = now().getTime();
    const last = samples.at(-1);
    if (news.phase !== phase || (last !== undefined && news.bytes < last.bytes)) samples = [];
    phase = news.phase;
    samples = [...samples.filter((sample) => at - sample.at <= rateOverMs), { at, bytes: news.bytes }];
    const [first] = samples;
    return first === undefined || at - first.at < 500
      ? undefined
      : ((news.bytes - first.bytes) / (at - first.at)) * 1_000;
  };
};
