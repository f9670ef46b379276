import { createKey, getKey, listKeys, revokeKey } from "../../operations/keys/manage-keys.ts";
import type { Installation } from "../../operations/installation.ts";
import type { Route, RouteCall } from "../handle.ts";
import { empty, json } from "../response.ts";
import { page } from "../wire/page.ts";
import { keyReply, parseKeyRequest } from "../wire/key.ts";

const idOf = (call: RouteCall): string => (call.parameters["keyId"] ?? "").toLowerCase();

/** Own extension: the keys by which callers are known. Of the installation, not of a site. */
export const keyRoutes = (deps: Pick<Installation, "catalog" | "clock" | "keys">): readonly Route[] => [
  {
    name: "listKeys",
    method: "GET",
    path: "/providers/Lifeboat/keys",
    role: "admin",
    handle: async () => json(200, page((await listKeys(deps)()).map((key) => keyReply(key)))),
  },
  {
    name: "getKey",
    method: "GET",
    path: "/providers/Lifeboat/keys/{keyId}",
    role: "admin",
    handle: async (call) => json(200, keyReply(await getKey(deps)(call, idOf(call)))),
  },
  {
    name: "createKey",
    method: "PUT",
    path: "/providers/Lifeboat/keys/{keyId}",
    role: "admin",
    async handle(call) {
      const { key, secret } = await createKey(deps)(call, parseKeyRequest(await call.body(), idOf(call)));
      const { role, sites, expires } = keyReply(key).properties;
      call.note({ keyId: key.id, role, sites, expires });
      return json(201, keyReply(key, secret));
    },
  },
  {
    name: "revokeKey",
    method: "DELETE",
    path: "/providers/Lifeboat/keys/{keyId}",
    role: "admin",
    async handle(call) {
      call.note({ keyId: idOf(call) });
      return empty((await revokeKey(deps)(call, idOf(call))) ? 200 : 204);
    },
  },
];
