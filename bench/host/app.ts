import { app } from "@azure/functions";
import type { OrchestrationHandler } from "durable-functions";
import * as df from "durable-functions";
import { stepsOfChain } from "./chain.ts";

/** What is measured: a function that does nothing, and an orchestration of steps that do nothing. */
app.setup({ enableHttpStream: true });

app.http("hello", {
  methods: ["GET"],
  authLevel: "anonymous",
  route: "hello",
  handler: async () => ({ jsonBody: { hello: "world" } }),
});

df.app.activity("step", { handler: ({ n }: { readonly n: number }) => ({ n: n + 1 }) });

df.app.orchestration("chain", function* (context) {
  let value = { n: 0 };
  for (let step = 0; step < stepsOfChain; step++) value = yield context.df.callActivity("step", value);
  return value;
} as OrchestrationHandler);

app.http("start", {
  methods: ["POST"],
  authLevel: "anonymous",
  route: "start/{id}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    await df.getClient(context).startNew("chain", { instanceId: request.params["id"] ?? "", input: {} });
    return { status: 202 };
  },
});
