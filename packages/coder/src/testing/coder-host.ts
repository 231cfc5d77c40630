import { createRegistry, createRunner } from "@skein/runtime";
import { createEmbeddedServer } from "@skein/server/presets";
import { registerCoder } from "../coder/register.ts";

/**
 * Server, runner and coders in a process of their own, for tests that end it badly. Arguments: home, working
 * directory, agent binary. Prints one line of JSON when it is ready.
 */
const [home = "", cwd = "", executable = ""] = process.argv.slice(2);
const server = await createEmbeddedServer({ home, port: 0 });
const connection = { baseUrl: server.url, token: server.token, fetch: (request: Request) => server.fetch(request) };
const registry = createRegistry();
const coders = registerCoder(registry, {
  defaultWorkingDirectory: cwd,
  environment: process.env,
  owner: home,
  claude: { executable, credentials: "env", maxRetries: 1 },
});
const runner = createRunner({ ...connection, registry, id: "host", calls: coders.calls });
await coders.start();
await runner.start();
process.stdout.write(`${JSON.stringify({ url: server.url, token: server.token })}\n`);
