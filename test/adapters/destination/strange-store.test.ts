import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { blobContainer } from "../../../src/adapters/destination/blob-container.ts";
import { Secret } from "../../../src/domain/secret.ts";

it("a store that speaks something else than HTTP is a store's failure, and is not asked again", async () => {
  let asked = 0;
  const server = createServer((socket) => {
    asked++;
    socket.on("error", () => undefined).end("220 mail.example.org ESMTP\r\n");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  // Safe: it listens on a port.
  const { port } = server.address() as AddressInfo;
  const destination = await blobContainer({ container: `http://127.0.0.1:${port}/a/box`, sas: new Secret("sig=s3") });
  const failure = { kind: "Unavailable", message: expect.stringContaining("cannot be trusted or understood") };
  await expect(destination.head("a.zip")).rejects.toMatchObject(failure);
  await expect(destination.read("a.zip", { offset: 0, length: 10 })).rejects.toMatchObject(failure);
  expect(asked).toBe(2);
  server.close();
});
