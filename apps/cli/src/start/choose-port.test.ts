import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { CliIo } from "../io.ts";
import { choosePort } from "./choose-port.ts";

async function takenPort(): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function person(answer: string): { readonly io: CliIo; readonly asked: string[] } {
  const asked: string[] = [];
  const io: CliIo = {
    stdout: () => {},
    stderr: () => {},
    env: {},
    cwd: "/",
    homeFolder: "/",
    interactive: true,
    color: false,
    columns: 0,
    now: () => 0,
    newId: () => "",
    signal: new AbortController().signal,
    readInput: async () => undefined,
    ask: async (question) => {
      asked.push(question);
      return answer;
    },
  };
  return { io, asked };
}

test.each(["", "y", "Yes"])("[CL4] a person who answers “%s” gets the next free port", async (answer) => {
  const port = await takenPort();
  const { io, asked } = person(answer);
  expect(await choosePort(io, "127.0.0.1", port)).toBeGreaterThan(port);
  expect(asked).toEqual([expect.stringContaining(`Port ${port} is taken by`)]);
});

test("[CL4] a person who declines, and a program, get the error", async () => {
  const port = await takenPort();
  const { io } = person("n");
  await expect(choosePort(io, "127.0.0.1", port)).rejects.toMatchObject({ code: "port_taken" });
  await expect(choosePort({ ...io, interactive: false }, "127.0.0.1", port)).rejects.toMatchObject({
    hint: expect.stringMatching(/--port \d+$/),
  });
});
