import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { describeHolder, findPortHolder, listeningInodes, parseLsof } from "./port-holder.ts";
import { isPortFree, nextFreePort } from "./port.ts";

async function listen(): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

test("[CL4] the kernel's table tells which sockets listen on a port", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:1155 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0",
    "   1: 0100007F:1155 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000 20 4 30 10 -1",
    "   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000 100 0 0 10 0",
  ].join("\n");
  expect(listeningInodes(table, 4437)).toEqual(["4711"]);
});

test("[CL4] so does lsof", () => {
  expect(parseLsof("p123\ncnode\nf20\n")).toEqual({ pid: 123, name: "node" });
  expect(parseLsof("")).toBeUndefined();
});

test.skipIf(process.platform !== "linux")("[CL4] the process that holds a port is found", async () => {
  const port = await listen();
  const holder = await findPortHolder("127.0.0.1", port);
  expect(holder).toMatchObject({ kind: "process", pid: process.pid });
  expect(describeHolder(holder)).toMatch(new RegExp(`\\(pid ${process.pid}\\)$`));
});

test("[CL4] a taken port is known, and the next free one is offered", async () => {
  const port = await listen();
  expect(await isPortFree("127.0.0.1", port)).toBe(false);
  expect(await nextFreePort(100, (next) => Promise.resolve(next === 103))).toBe(103);
  expect(await nextFreePort(65_534, () => Promise.resolve(false))).toBeUndefined();
});

test("[CL4] an address that is not this machine's is no taken port", async () => {
  await expect(isPortFree("192.0.2.1", 0)).rejects.toThrow(/EADDRNOTAVAIL/);
});
