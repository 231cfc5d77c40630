import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registerCoder, type CoderOptions } from "@skein/coder";
import { createRegistry, createRunner } from "@skein/runtime";
import { createClient, type Client } from "@skein/runtime/client";
import { createEmbeddedServer } from "@skein/server/presets";
import { builtApp } from "./built-app.ts";

/** The whole product in this process: server over SQLite in a temporary home, runner, coder, built web app. */
export interface App {
  readonly url: string;
  readonly token: string;
  /** Signs a browser in. */
  readonly link: string;
  readonly client: Client;
  /** Where coders work. */
  readonly cwd: string;
  /** Stops the server as it is and starts it again, on the same port and data. */
  readonly restart: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export type AppCoder = Pick<CoderOptions, "adapters" | "claude" | "codex"> & Partial<Pick<CoderOptions, "environment">>;

export async function startApp(coder: AppCoder): Promise<App> {
  const staticDirectory = await builtApp();
  const root = await realpath(await mkdtemp(join(tmpdir(), "skein-web-")));
  const home = join(root, "home");
  const cwd = root;
  let running = await run({ coder, home, cwd, staticDirectory, port: 0 });
  const { server } = running;
  const client = createClient({ baseUrl: server.url, token: server.token });
  return {
    url: server.url,
    token: server.token,
    link: server.link,
    client,
    cwd,
    async restart() {
      await running.close();
      running = await run({ coder, home, cwd, staticDirectory, port: server.port });
    },
    async close() {
      await running.close();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface RunOptions {
  readonly coder: AppCoder;
  readonly home: string;
  readonly cwd: string;
  readonly staticDirectory: string;
  readonly port: number;
}

async function run({ coder, home, cwd, staticDirectory, port }: RunOptions) {
  const server = await createEmbeddedServer({ home, port, staticDirectory, principal: "user:kim" });
  const connection = { baseUrl: server.url, token: server.token, fetch: (request: Request) => server.fetch(request) };
  const client = createClient(connection);
  const registry = createRegistry();
  const coders = registerCoder(registry, {
    defaultWorkingDirectory: cwd,
    environment: {},
    owner: home,
    machine: "test machine",
    worktrees: join(home, "worktrees"),
    readBlob: async (path) => {
      const response = await client.transport.request("GET", path);
      return new Uint8Array(await response.arrayBuffer());
    },
    listCoders: async () => (await client.listEntities({ type: "coder" })).entities,
    ...coder,
  });
  const runner = createRunner({ ...connection, registry, id: "local", machine: "test machine", calls: coders.calls });
  await coders.start();
  await runner.start();
  return {
    server,
    async close() {
      await runner.stop();
      await coders.close();
      await server.close();
    },
  };
}
