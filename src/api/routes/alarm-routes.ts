import { deleteSiteAlarms, getSiteAlarms, putSiteAlarms, testAlarms } from "../../operations/alarms/site-alarms.ts";
import type { AlarmDeps } from "../../operations/alarms/alarm-channels.ts";
import { findSite } from "../../operations/find-site.ts";
import type { Route } from "../handle.ts";
import { empty, json } from "../response.ts";
import { alarmsReply, parseAlarmsRequest, testReply } from "../wire/alarms.ts";

/** Who hears of failed, partial and missing backups. */
export const alarmRoutes = (deps: AlarmDeps): readonly Route[] => [
  {
    name: "putAlarms",
    method: "PUT",
    path: "{site}/config/alarms",
    role: "operator",
    async handle(call) {
      const site = await findSite(deps, call.site());
      const alarms = await putSiteAlarms(deps)(call, site.id, parseAlarmsRequest(await call.body()));
      return json(200, alarmsReply(site, alarms));
    },
  },
  {
    name: "getAlarms",
    method: "GET",
    path: "{site}/config/alarms",
    role: "reader",
    async handle(call) {
      const site = await findSite(deps, call.site());
      return json(200, alarmsReply(site, await getSiteAlarms(deps)(call, site.id)));
    },
  },
  {
    name: "deleteAlarms",
    method: "DELETE",
    path: "{site}/config/alarms",
    role: "operator",
    async handle(call) {
      await deleteSiteAlarms(deps)(call, call.site());
      return empty(200);
    },
  },
  {
    name: "testAlarms",
    method: "POST",
    path: "{site}/config/alarms/test",
    role: "operator",
    async handle(call) {
      return json(200, testReply(await testAlarms(deps)(call, call.site())));
    },
  },
  {
    name: "testInstallationAlarms",
    method: "POST",
    path: "/providers/Lifeboat/alarms/test",
    role: "admin",
    async handle(call) {
      return json(200, testReply(await testAlarms(deps)(call, undefined)));
    },
  },
];
