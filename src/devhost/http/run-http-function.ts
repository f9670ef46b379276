import { randomUUID } from "node:crypto";
import { addressedAs, type Proxies } from "./addressed-as.ts";
import { limitedBody } from "./body-limit.ts";
import { forwardedRequest, triggerMetadata } from "./forwarded-request.ts";
import type { FunctionTimeout } from "../function-timeout.ts";
import type { HttpCall } from "./http-call.ts";
import type { Invoker, Outcome } from "../invoke.ts";
import type { InnerServer } from "../load-app.ts";
import type { Log } from "../log.ts";
import { pacedResult } from "./paced-result.ts";
import { plainAnswer } from "./plain-answer.ts";
import { StreamResponse } from "./stream-response.ts";
import { inputsOf } from "../triggers.ts";

/** Runs the function of a request and answers it; never rejects. */
export type HttpRunner = (call: HttpCall) => Promise<void>;

type HttpRunnerOptions = {
  /** Undefined in an app without HTTP functions. */
  readonly inner: InnerServer | undefined;
  readonly invoker: Invoker;
  readonly log: Log;
  readonly bodyLimitBytes: number;
  readonly timeout: FunctionTimeout;
  readonly clientBinding: () => string;
  /** Whose word on how they were addressed counts. */
  readonly proxies: Proxies;
};

type Handed = { readonly handOverId: string; readonly onTaken: () => void };

const inTheCloud = "in the cloud this caller would wait 240 s and then get a 500.";

const complaint = (name: string, outcome: Outcome): string => {
  if (!outcome.ok) {
    const { error } = outcome;
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `Function "${name}" failed: ${detail}\nIn stream mode an HTTP function must catch its own errors; ${inTheCloud}`;
  }
  const returned = outcome.result == null ? "nothing" : `a ${typeof outcome.result}`;
  return `Function "${name}" returned ${returned}. In stream mode an HTTP function must return an object such as { status: 200 }; ${inTheCloud}`;
};

/** Runs HTTP functions by handing requests straight to the server inside the app. */
export const createHttpRunner = (options: HttpRunnerOptions): HttpRunner => {
  const { inner, invoker, log, timeout } = options;
  // The library keeps what it was handed under an id until it has answered itself. Where the host answers in its
  // stead nothing is taken out, so the ids are used again and again.
  const freeIds: string[] = [];
  let ids = 0;

  const work = async (call: HttpCall, to: StreamResponse, { handOverId, onTaken }: Handed): Promise<void> => {
    const { called, name } = call.target;
    const body = (): AsyncGenerator<Buffer> => limitedBody(call.request, options.bodyLimitBytes, () => to.refuse(413));
    inner?.emit("request", forwardedRequest(call, addressedAs(call, options.proxies), { id: handOverId, body }), to);
    const { outcome, respond } = await invoker.execute(called, {
      invocationId: to.invocationId,
      handOverId,
      functionId: name,
      inputData: inputsOf(call.target, {}, options.clientBinding),
      triggerMetadata: triggerMetadata(call),
    });
    if (!outcome.ok || typeof outcome.result !== "object" || outcome.result === null) {
      log("error", "Host.Http", complaint(name, outcome));
      return to.refuse(500);
    }
    const plain = plainAnswer(outcome.result);
    if (plain) to.send(plain);
    else await respond(pacedResult(outcome.result, to, onTaken));
  };

  return async (call) => {
    const { name } = call.target;
    const to = new StreamResponse(call.request, call.response, randomUUID());
    const handOverId = freeIds.pop() ?? `request-${++ids}`;
    const watch = (): (() => void) =>
      timeout(name, (error) => {
        log("error", "Host.Http", error.message);
        to.refuse(500);
      });
    let cancel = watch();
    // A large download may take hours, as long as it moves.
    const onTaken = (): void => {
      cancel();
      cancel = watch();
    };
    try {
      await work(call, to, { handOverId, onTaken });
    } catch (error) {
      log("error", "Host.Http", `The answer of function "${name}" broke off: ${String(error)}`);
      to.refuse(500);
    } finally {
      cancel();
      freeIds.push(handOverId);
    }
  };
};
