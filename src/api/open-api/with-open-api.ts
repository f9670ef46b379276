import type { OpenRoute } from "../handle.ts";
import { json } from "../response.ts";
import { openApiDocument, type Tables } from "./document.ts";

/** The same tables, and a way to ask for their description, itself included. */
export const withOpenApi = ({ routes, openRoutes, version }: Tables): Omit<Tables, "version"> => {
  let body: object | undefined;
  const all: readonly OpenRoute[] = [
    ...openRoutes,
    {
      name: "getOpenApi",
      method: "GET",
      path: "/openapi.json",
      handle: async () => json(200, (body ??= openApiDocument({ routes, openRoutes: all, version }))),
    },
  ];
  return { routes, openRoutes: all };
};
