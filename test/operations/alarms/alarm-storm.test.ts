import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { networkNotifier } from "../../../src/adapters/alarms/notifier.ts";
import { openSqliteCatalog } from "../../../src/adapters/catalog/sqlite.ts";
import type { Channel } from "../../../src/domain/alarm.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { deliverAlarms } from "../../../src/operations/alarms/deliver-alarms.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { markSite } from "../../../src/operations/rows/mark-rows.ts";
import { watchSites } from "../../../src/operations/alarms/watch-sites.ts";
import { temporaryFolder } from "../../support/file-tree.ts";
import { randomOf } from "../../support/interleaving.ts";
import { alarmWorld, endedBackup } from "./alarm-world.ts";

/** One that takes a message, refuses it, or lets it hang, as chance has it; and one that takes everything. */
const receivers = async () => {
  const random = randomOf(11);
  const taken = { flaky: [] as string[], healthy: [] as string[] };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString("utf8")));
    request.on("end", () => {
      // Safe: a test fails when it is no event.
      const { id } = JSON.parse(body) as { readonly id: string };
      const chance = request.url === "/healthy" ? 0 : random();
      if (chance > 0.9) return;
      if (chance <= 0.5) taken[request.url === "/healthy" ? "healthy" : "flaky"].push(id);
      response.writeHead(chance <= 0.5 ? 200 : 503).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // Safe: a server that listens on a port has such an address.
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    taken,
    host,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

it("a hundred alarms reach a receiver that fails and hangs, by two instances on one catalog; a healthy one gets each once", async () => {
  const folder = temporaryFolder();
  const { taken, host, close } = await receivers();
  const hook = (path: string) =>
    ({ kind: "webhook", url: new Secret(`http://${host}/${path}`), form: "cloudevents" }) as const;
  const world = alarmWorld({ channels: { flaky: hook("flaky"), healthy: hook("healthy") } });
  const catalog = await openSqliteCatalog(join(folder.path, "catalog.db"));
  const outgoing = { privateHosts: [host] };
  const [hasty, patient] = [
    networkNotifier({ clock: world.deps.clock, outgoing, timeoutMs: 500 }),
    networkNotifier({ clock: world.deps.clock, outgoing, timeoutMs: 60_000 }),
  ];
  const isFlaky = (channel: Channel): boolean => channel.kind === "webhook" && channel.url.reveal().endsWith("flaky");
  const instance = (): Installation => ({
    ...world.deps,
    catalog,
    notifier: {
      addressProblem: () => undefined,
      send: (channel, alarm) => (isFlaky(channel) ? hasty : patient).send(channel, alarm),
    },
  });
  const instances = [instance(), instance()];

  const ids: string[] = [];
  for (let site = 1; site <= 100; site++) {
    const id = { subscription: "s", resourceGroup: "g", name: `site${site}` };
    await markSite(catalog, id, endedBackup(1, "Failed", world.clock.time));
    ids.push(`failed!s!g!site${site}!!1`);
  }
  for (let round = 0; new Set(taken.flaky).size < ids.length && round < 100; round++) {
    await Promise.all(
      instances.map(async (deps) => {
        await watchSites(deps)(world.call);
        await deliverAlarms(deps)(world.call);
      }),
    );
    world.pass(10);
  }
  expect(new Set(taken.flaky)).toEqual(new Set(ids));
  expect(taken.healthy.toSorted()).toEqual(ids.toSorted());
  await catalog.close();
  close();
  folder.remove();
});
