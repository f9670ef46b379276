import { isReady } from "../../operations/checks/health.ts";
import type { Installation } from "../../operations/installation.ts";
import { readFigures } from "../../operations/checks/read-figures.ts";
import type { Route } from "../handle.ts";
import { json } from "../response.ts";
import { metricsText } from "../wire/metrics.ts";

/** What watches over Lifeboat asks these; it sends no version. */
export const healthRoutes = (deps: Installation): readonly Route[] => [
  {
    name: "isReady",
    method: "GET",
    path: "/readyz",
    role: "reader",
    needsNoVersion: true,
    async handle() {
      const { problems, swept } = await isReady(deps);
      const isWell = problems.length === 0;
      return json(isWell ? 200 : 503, {
        status: isWell ? "ready" : "not ready",
        problems,
        swept: swept ?? null,
        lastErrors: deps.lastErrors(),
      });
    },
  },
  {
    name: "getMetrics",
    method: "GET",
    path: "/metrics",
    role: "reader",
    needsNoVersion: true,
    handle: async () => ({
      status: 200,
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
      body: metricsText(await readFigures(deps)),
    }),
  },
];
