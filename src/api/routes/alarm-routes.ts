import { deleteSiteAlarms, getSiteAlarms, putSiteAlarms, testAlarms } from "../../operations/alarms/site-alarms.ts";
import type { AlarmDeps } from "../../operations/alarms/alarm-channels.ts";
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
      const request = parseAlarmsRequest(await call.body());
      return json(200, alarmsReply(await putSiteAlarms(deps)(call, call.site(), request)));
    },
  },
  {
    name: "getAlarms",
    method: "GET",
    path: "{site}/config/alarms",
    role: "reader",
    handle: async (call) => json(200, alarmsReply(await getSiteAlarms(deps)(call, call.site()))),
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
