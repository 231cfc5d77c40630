import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const READERS = 2000;
const MESSAGES = 5;
const limit = await openFilesLimit();

/** Node raises the soft limit of open files to the hard one by itself, here and in the child. */
async function openFilesLimit(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const [soft] = /Max open files\s+(\d+|unlimited)/.exec(limits)?.slice(1) ?? [];
  return soft === "unlimited" ? Infinity : Number(soft ?? 0);
}

test.skipIf(limit < READERS + 200)(
  `[SH32] ${READERS} readers of one stream over sockets get every message once and in order (needs ${READERS + 200} open files, there are ${limit})`,
  { timeout: 90_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "skein-readers-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const server = await startServer(folder);
    const url = new URL(server.url);
    const headers = { "content-type": "application/json" };
    await fetch(new URL("/s", url), { method: "PUT", headers });
    const readers: Reader[] = [];
    onTestFinished(() => readers.forEach(({ socket }) => socket.destroy()));
    // In portions: the system's queue of connections that wait to be accepted is 511 long.
    while (readers.length < READERS) {
      const some = Array.from({ length: 200 }, () => openReader(url));
      readers.push(...(await Promise.all(some)));
    }
    const idle = await server.memory();
    for (let n = 0; n < MESSAGES; n++) {
      const told = readers.map((reader) => reader.sees(`"n":${n}}`));
      const response = await fetch(new URL("/s", url), { method: "POST", headers, body: JSON.stringify({ n }) });
      expect(response.status).toBe(204);
      await Promise.all(told);
    }
    const expected = Array.from({ length: MESSAGES }, (_, n) => `"n":${n}}`);
    for (const reader of readers) expect(reader.text().match(/"n":\d+}/g)).toEqual(expected);
    // What is sent to all is made once: nothing of it stays with a reader.
    expect((await server.memory()) - idle).toBeLessThan(100 * 1024 * 1024);
  },
);

async function startServer(folder: string) {
  const entry = fileURLToPath(new URL("../testing/stream-server.ts", import.meta.url));
  const child = fork(entry, [folder], {
    execArgv: ["--import", "tsx", "--conditions=@skein/source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    const exited = once(child, "exit");
    child.disconnect();
    await exited;
  });
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  const memory = async () => {
    const told = once(child, "message") as Promise<[{ rss: number }]>;
    child.send("memory");
    const [{ rss }] = await told;
    return rss;
  };
  return { url, memory };
}

interface Reader {
  readonly socket: Socket;
  /** Everything that came. */
  text(): string;
  /** Resolves when this has come. */
  sees(text: string): Promise<void>;
}

async function openReader(url: URL): Promise<Reader> {
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  let text = "";
  let waiting: { readonly for: string; resolve(): void; reject(error: Error): void } | undefined;
  const look = () => {
    if (waiting === undefined || !text.includes(waiting.for)) return;
    waiting.resolve();
    waiting = undefined;
  };
  socket.on("data", (data: Buffer) => {
    text += data.toString("latin1");
    look();
  });
  socket.on("close", () => waiting?.reject(new Error("The server closed a reader's connection.")));
  socket.on("error", (error) => waiting?.reject(error));
  const sees = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      waiting = { for: wanted, resolve, reject };
      look();
    });
  await once(socket, "connect");
  socket.write(`GET /s?offset=now&live=sse HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
  await sees("upToDate");
  return { socket, text: () => text, sees };
}
