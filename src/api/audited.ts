import { mayAct, type Caller } from "../domain/caller.ts";
import type { Refusal } from "../domain/errors.ts";
import { siteResourceId, type SiteId } from "../domain/site.ts";
import type { Audit, AuditEntry, AuditFacts } from "../ports/audit.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { httpOf } from "./arm-error.ts";
import type { Route } from "./handle.ts";
import type { ApiResponse } from "./response.ts";

interface Needs {
  readonly audit: Audit;
  readonly clock: Clock;
}

interface Asked {
  readonly route: Pick<Route, "name" | "method" | "role" | "reads">;
  readonly caller: Caller;
  readonly source: string;
  readonly request: string;
  readonly site: SiteId | undefined;
  /** Those of the path: which backup, which key. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly refusalOf: (error: unknown) => Refusal;
}

/** Adds to the entry what the path does not tell. */
export type Note = (facts: AuditFacts) => void;

/** Answers, and keeps who asked for what with which result, where something changes or leaves the house. */
export const audited = async (
  { audit, clock }: Needs,
  asked: Asked,
  answer: (note: Note) => Promise<ApiResponse>,
): Promise<ApiResponse> => {
  if (!isKept(asked)) return answer(() => undefined);
  const facts: AuditFacts[] = [factsOf(asked.parameters)];
  const record = async (result: Pick<AuditEntry, "result" | "status" | "code">): Promise<void> => {
    const { kind, id, name, role } = asked.caller;
    const entry: AuditEntry = {
      at: clock.now().toISOString(),
      request: asked.request,
      caller: { kind, id, name, role },
      source: asked.source,
      operation: asked.route.name,
      ...(asked.site === undefined ? {} : { site: siteResourceId(asked.site) }),
      facts: Object.assign({}, ...facts),
      ...result,
    };
    await audit.record(entry, asked.log);
  };
  try {
    const response = await answer((more) => void facts.push(more));
    await record({ result: response.status === 202 ? "started" : "done", status: response.status });
    return response;
  } catch (error) {
    const refusal = asked.refusalOf(error);
    const { status } = httpOf[refusal.code];
    await record({ result: status < 500 ? "refused" : "failed", status, code: refusal.code });
    throw refusal;
  }
};

/** Contents of backups are taken by GET, and only operators may; secrets are shown to admins alone. */
const isKept = ({ route, caller }: Asked): boolean => {
  if (route.method === "GET") return route.role === "operator";
  return route.reads === undefined || (route.reads === "secrets" && mayAct(caller, "admin"));
};

const ofSite = new Set(["subscription", "resourceGroup", "siteName", "slotName"]);

const factsOf = (parameters: Readonly<Record<string, string>>): AuditFacts =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !ofSite.has(name)));
