import { once } from "node:events";
import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { temporaryFolder } from "../support/file-tree.ts";
import { bearer, killAll, startLifeboat } from "../support/lifeboat-process.ts";
import { serviceClient } from "../support/service-client.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder()));
afterEach(async () => {
  await killAll();
  folder.remove();
});

/** Takes what is posted to it, and lets a test wait for it. */
const receiver = async () => {
  const titles: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString("utf8")));
    request.on("end", () => {
      response.writeHead(204).end();
      // Safe: a test fails when it is no event.
      const event = JSON.parse(body) as { readonly type: string; readonly data: { readonly title: string } };
      titles.push(`${event.type}: ${event.data.title}`);
      server.emit("posted");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // Safe: a server that listens on a port has such an address.
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { server, titles, host, close };
};

it("an alarm of a backup that failed right before a crash comes after the restart, once, and then the good news", async () => {
  const hook = await receiver();
  const data = join(folder.path, "data");
  const home = join(folder.path, "home");
  mkdirSync(join(data, "sites"), { recursive: true });
  writeFileSync(join(data, "sites", "shop.json"), JSON.stringify({ home }), { mode: 0o600 });
  const start = () =>
    startLifeboat({
      data,
      environment: { LIFEBOAT_ALARM_WEBHOOK: `http://${hook.host}/`, LIFEBOAT_PRIVATE_HOSTS: hook.host },
    });
  const clientOf = (url: string) => serviceClient(url, bearer(data), "shop");

  const first = await start();
  const failing = await clientOf(first.url).ask("POST", "/backup", {});
  const failed = await clientOf(first.url).ended(failing.body["properties"]?.["id"] ?? 0);
  expect(failed.status).toBe("Failed");
  const ended = once(first.child, "close");
  first.child.kill("SIGKILL");
  await ended;

  const posted = once(hook.server, "posted");
  const second = await start();
  await posted;
  mkdirSync(join(home, "site/wwwroot"), { recursive: true });
  const recovered = once(hook.server, "posted");
  const good = await clientOf(second.url).ask("POST", "/backup", {});
  const made = await clientOf(second.url).ended(good.body["properties"]?.["id"] ?? 0);
  expect(made).toMatchObject({ status: "Succeeded" });
  await recovered;
  expect(hook.titles).toEqual([
    expect.stringMatching(/^lifeboat\.backup\.failed: shop: backup 1 \(shop_\d+\) failed$/),
    expect.stringMatching(/^lifeboat\.backup\.recovered: shop: backups are good again \(2, /),
  ]);

  truncateSync(join(data, "backups", "shop", made.blobName), 100);
  const restoreFailed = once(hook.server, "posted");
  const restore = await clientOf(second.url).ask("POST", "/backups/2/restore", { properties: { overwrite: true } });
  expect(restore.status, JSON.stringify(restore.body)).toBe(202);
  await restoreFailed;
  expect(hook.titles[2]).toMatch(
    /^lifeboat\.restore\.failed: shop: the restore of shop_\d+\.zip failed; the site's content is as it was$/,
  );

  const ask = (path: string): Promise<Response> => fetch(`${second.url}${path}`, { headers: bearer(data) });
  expect(await (await ask("/metrics")).text()).toMatch(/^lifeboat_backups_total\{.*status="Failed"\} 1$/m);
  expect((await fetch(`${second.url}/metrics`)).status).toBe(401);
  hook.close();
  rmSync(home, { recursive: true });
});
