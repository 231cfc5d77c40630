import { fileURLToPath } from "node:url";
import { createFakeAgent, type FakeTurn } from "@skein/coder/testing";
import { build } from "vite";
import { startApp } from "./app.ts";
import { longHistory } from "./sample-session.ts";

/**
 * Child process of `npm run bench -- web`: the product with sessions of the lengths that are given as arguments
 * (`rows-{n}`), the reference's page over the same streams (`/assets/peer.js` is told as text), and an agent that
 * writes fifty deltas a second when it is prompted.
 */
const DELTAS = 500;
const DELTA_MS = 20;

const agent = createFakeAgent();
const sessions = {
  ...agent.sessions,
  async *load({ id }: { readonly id: string }) {
    const rows = agent.files.get(id)?.rows ?? [];
    for (let at = 0; at < rows.length; at += 500) yield rows.slice(at, at + 500);
  },
};
const app = await startApp({ adapters: [{ ...agent, sessions }] });
const counts = process.argv.slice(2).map(Number);
for (const count of counts) {
  const id = `rows-${count}`;
  agent.files.set(id, { cwd: app.cwd, rows: longHistory(count) });
  await app.client.spawn("coder", id, {
    args: { agent: "claude", nativeSessionId: id },
    tags: { coderResource: `coder-session/${id}` },
  });
}
/** The last row of each is there. */
for (const count of counts) {
  const path = `/_skein/shared-state/coder-session/rows-${count}`;
  for await (const { events } of app.client.followStream({ path })) {
    if (events.some((event) => "key" in event && event.key === `row-${count - 1}`)) break;
  }
}
const bundle = await build({
  configFile: false,
  logLevel: "error",
  build: {
    write: false,
    lib: { entry: fileURLToPath(new URL("./reference-page.ts", import.meta.url)), formats: ["es"] },
  },
});
const [output] = Array.isArray(bundle) ? bundle : [bundle];
const peer = "output" in output ? output.output[0].code : "";
process.send?.({ url: app.url, link: app.link, peer });

async function write(turn: FakeTurn): Promise<void> {
  let text = "";
  for (let delta = 0; delta < DELTAS; delta += 1) {
    const at = text.length;
    const more = `word ${delta} `;
    text += more;
    turn.push({ kind: "delta", delta: { key: `bench-${turn.promptId}`, kind: "text", at, text: more } });
    await new Promise((resolve) => setTimeout(resolve, DELTA_MS));
  }
  turn.say(`bench-${turn.promptId}`, text);
  turn.end();
}

process.once("disconnect", () => void app.close().then(() => process.exit(0)));
for (;;) await write(await agent.nextTurn());
