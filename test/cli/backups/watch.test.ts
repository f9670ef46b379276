import { describe, expect, it } from "vitest";
import { CommandFailure } from "../../../src/cli/command-failure.ts";
import { exitCodes } from "../../../src/cli/exit-code.ts";
import { watch, type Watched } from "../../../src/cli/backups/watch.ts";
import { fakeContext, fakeTerminal, type FakeTerminal } from "../terminal/fake-terminal.ts";
import { failureOf } from "../../support/failure-of.ts";

const news = { phase: "Packing", percent: 50, bytes: 1, totalBytes: 2, secondsLeft: null };
const outage = new CommandFailure(exitCodes.unreachable, "Unreachable", "Lifeboat does not answer.");

/** Each poll takes the next state; a failure is thrown. */
const watched = (
  states: readonly ({ readonly result: string } | typeof news | CommandFailure | (() => void))[],
  cancel?: Watched<string>["cancel"],
): Watched<string> => {
  const left = [...states];
  const poll = async (): Promise<{ readonly result: string } | { readonly news: typeof news }> => {
    const state = left.length > 1 ? left.shift() : left[0];
    if (state instanceof CommandFailure) throw state;
    if (typeof state === "function") {
      state();
      return { news };
    }
    if (state === undefined) throw new Error("Nothing more is said.");
    return "result" in state ? state : { news: state };
  };
  return {
    title: "Backing up shop",
    comeBack: "`lifeboat watch shop 1` shows it again.",
    poll,
    ...(cancel ? { cancel } : {}),
  };
};

describe("watching", () => {
  it("answers the result, and leaves no line behind", async () => {
    const terminal = fakeTerminal();
    expect(await watch(fakeContext(terminal).context, watched([news, { result: "done" }]))).toBe("done");
    expect(terminal.written.err).toContain("Backing up shop: packing   50%");
    expect(terminal.written.err.endsWith("\r\u001b[K")).toBe(true);
  });

  it("waits for a service that is away, looks again where it is, and tells both", async () => {
    const terminal = fakeTerminal({ isTerminal: false });
    const { context, renewed } = fakeContext(terminal);
    await watch(context, watched([news, outage, outage, { result: "done" }]));
    expect(renewed.times).toBe(2);
    expect(terminal.written.err.split("\n").slice(1)).toEqual([
      "Lifeboat does not answer. Waiting for it to come back.",
      "The service answers again.",
      "",
    ]);
  });

  it("gives up after five minutes, as unreachable, and says how to look again", async () => {
    const { context, clock } = fakeContext(fakeTerminal());
    const began = clock.time;
    const failure = await failureOf(CommandFailure, watch(context, watched([outage])));
    expect(failure.exitCode).toBe(exitCodes.unreachable);
    expect(failure.message).toMatch(/goes on when the service runs again\. `lifeboat watch shop 1`/);
    expect(clock.time - began).toBeGreaterThan(300_000);
  });

  it("waits for nothing but an outage: a refusal, and a certificate that is another, end it", async () => {
    const { context } = fakeContext(fakeTerminal());
    const refusal = new CommandFailure(exitCodes.notFound, "BackupNotFound", "gone");
    expect(await failureOf(CommandFailure, watch(context, watched([refusal])))).toBe(refusal);
    const impostor = new CommandFailure(exitCodes.unreachable, "CertificateNotTrusted", "another");
    expect(await failureOf(CommandFailure, watch(context, watched([impostor])))).toBe(impostor);
  });
});

describe("Ctrl-C while watching", () => {
  const interrupted = (terminal: FakeTerminal, cancel?: Watched<string>["cancel"]) => ({
    context: fakeContext(terminal).context,
    work: watched([() => terminal.interrupt(), news, { result: "done" }], cancel),
  });

  it.each([[""], ["l"], ["leave"], ["nonsense"], [undefined]])(
    "leaves the work running for the answer %j",
    async (answer) => {
      const terminal = fakeTerminal({ answers: [answer] });
      const { context, work } = interrupted(terminal, () => Promise.reject(new Error("not asked for")));
      expect(await failureOf(CommandFailure, watch(context, work))).toMatchObject({ exitCode: exitCodes.leftRunning });
    },
  );

  it("watches on", async () => {
    const { context, work } = interrupted(fakeTerminal({ answers: ["w"] }));
    expect(await watch(context, work)).toBe("done");
  });

  it("cancels, and that is no success", async () => {
    let cancelled = 0;
    const { context, work } = interrupted(fakeTerminal({ answers: ["c"] }), async () => {
      cancelled++;
      return "ended";
    });
    expect(await failureOf(CommandFailure, watch(context, work))).toMatchObject({
      code: "Cancelled",
      exitCode: exitCodes.failed,
    });
    expect(cancelled).toBe(1);
  });

  it("watches what has been told to end until it has", async () => {
    const terminal = fakeTerminal({ answers: ["c"] });
    const { context, work } = interrupted(terminal, async () => "ending");
    expect(await watch(context, work)).toBe("done");
    expect(terminal.written.err).toContain("Cancelled. It ends when everything is as it was before.\n");
  });

  it("says that it is too late to cancel, and how it ended", async () => {
    const terminal = fakeTerminal({ answers: ["c"] });
    const { context, work } = interrupted(terminal, () =>
      Promise.reject(new CommandFailure(exitCodes.refused, "OperationNotCancellable", "It has ended.")),
    );
    expect(await watch(context, work)).toBe("done");
    expect(terminal.written.err).toContain("It has ended.\n");
  });

  it("cancels nothing that cannot be cancelled", async () => {
    const terminal = fakeTerminal({ answers: ["c"] });
    const { context, work } = interrupted(terminal);
    expect(await failureOf(CommandFailure, watch(context, work))).toMatchObject({ code: "LeftRunning" });
    expect(terminal.written.err).not.toContain("ancel");
  });

  it("asks nobody where there is no terminal, and leaves the work running", async () => {
    const terminal = fakeTerminal({ isTerminal: false, answers: ["c"] });
    const { context, work } = interrupted(terminal, () => Promise.reject(new Error("not asked for")));
    expect(await failureOf(CommandFailure, watch(context, work))).toMatchObject({ exitCode: exitCodes.leftRunning });
  });
});
