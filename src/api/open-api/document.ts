import * as z from "zod";
import type { OpenRoute, Route } from "../handle.ts";
import * as models from "./models.ts";
import { described, type Described } from "./operations.ts";

export interface Tables {
  readonly routes: readonly Route[];
  readonly openRoutes: readonly OpenRoute[];
  readonly version: string;
}

type Json = Readonly<Record<string, unknown>>;

/** One row of either table. */
interface Row {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly role: string | undefined;
  readonly needsVersion: boolean;
}

/** The API as OpenAPI 3.1, of the tables that requests are answered by. */
export const openApiDocument = ({ routes, openRoutes, version }: Tables): Json => {
  const rows: readonly Row[] = [
    ...routes.map(({ name, method, path, role, needsNoVersion }) => ({
      name,
      method,
      path,
      role,
      needsVersion: needsNoVersion !== true,
    })),
    ...openRoutes.map(({ name, method, path }) => ({ name, method, path, role: undefined, needsVersion: false })),
  ];
  const paths: Record<string, Record<string, Json>> = {};
  for (const row of rows.flatMap(withSlots))
    (paths[row.path] ??= {})[row.method.toLowerCase()] = operation(row, described[row.name.replace(/Slot$/, "")]);
  return {
    openapi: "3.1.1",
    info: {
      title: "Lifeboat",
      version,
      description:
        "App Service's backup API, and Lifeboat's own operations under the same paths. docs/api.md has examples.",
    },
    // Below wherever the document was got from.
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, { key: [] }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A key's secret, or a token." },
        key: { type: "apiKey", in: "header", name: "x-lifeboat-key", description: "A key's secret." },
      },
    },
  };
};

const sitePath =
  "/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.Web/sites/{siteName}";

/** An operation of a site is one of its slots as well, under a name of its own as in Azure's SDKs. */
const withSlots = (row: Row): readonly Row[] =>
  row.path.startsWith("{site}")
    ? [
        { ...row, path: row.path.replace("{site}", sitePath) },
        { ...row, name: `${row.name}Slot`, path: row.path.replace("{site}", `${sitePath}/slots/{slotName}`) },
      ]
    : [row];

const modelNames = new Map<z.ZodType, string>(
  Object.entries(models).map(([name, model]) => [model, name.charAt(0).toUpperCase() + name.slice(1)]),
);

const reference = (model: z.ZodType): Json => ({ $ref: `#/components/schemas/${modelNames.get(model)}` });

/** Answers may get more members one day, and requests may have more than are read: nothing is closed. */
const components = (): Json => {
  const registry = z.registry<{ readonly id: string }>();
  for (const [model, id] of modelNames) registry.add(model, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: "input",
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
      // What zod adds of its own: a page of expression for what the format says, and JavaScript's limits.
      if (jsonSchema.format === "date-time" || jsonSchema.format === "uri") delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _schema, $id: _id, ...schema }]) => [name, schema]),
  );
};

const operation = (row: Row, about: Described | undefined): Json => ({
  operationId: row.name,
  summary: about?.summary ?? row.name,
  ...(row.role === undefined ? { security: [] } : { description: `Needs the role ${row.role}.` }),
  parameters: [
    ...[...row.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => parameter(name ?? "", "path", true)),
    ...(row.needsVersion ? [parameter("api-version", "query", true)] : []),
    ...(about?.query ?? []).map((name) => parameter(name, "query", false)),
  ],
  ...(about?.request === undefined ? {} : { requestBody: { content: bodyOf(about.request, about.form === true) } }),
  responses: { ...answers(about), default: { description: "Refused.", content: bodyOf(models.error, false) } },
});

const parameter = (name: string, place: "path" | "query", required: boolean): Json => ({
  name,
  in: place,
  required,
  schema: name === "api-version" ? { type: "string", examples: ["2025-05-01"] } : { type: "string" },
});

const bodyOf = (model: z.ZodType, isForm: boolean): Json => ({
  [isForm ? "application/x-www-form-urlencoded" : "application/json"]: { schema: reference(model) },
});

const answers = (about: Described | undefined): Json => {
  const content =
    about?.content === undefined
      ? about?.reply && bodyOf(about.reply, false)
      : { [about.content]: { schema: { type: "string" } } };
  const done = { description: "Done.", ...(content === undefined ? {} : { content }) };
  const location = { schema: { type: "string", format: "uri" }, description: "Where to ask what became of it." };
  const headers = { Location: location, "Retry-After": { schema: { type: "integer" } } };
  return {
    [about?.created === true ? "201" : "200"]: done,
    ...(about?.takesTime === true ? { 202: { description: "It is under way.", headers } } : {}),
  };
};
