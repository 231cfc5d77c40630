import { createFakeAgent, type FakeAgent, type FakeTurn } from "@skein/coder/testing";
import type { AgentAdapter } from "@skein/coder";
import type { NativeTranscriptRow } from "@skein/sessions";
import type { Browser } from "playwright-core";
import { startApp, type App } from "./app.ts";
import { NO_CHROMIUM, openBrowser } from "./browser.ts";

/** The product with an agent that does what a test says. */
export interface FakeApp extends App {
  readonly agent: FakeAgent;
  readonly browser: Browser;
  /** Makes a session that has this history. */
  readonly attach: (id: string, rows: NativeTranscriptRow[]) => Promise<void>;
  /** Makes an empty session. */
  readonly create: (id: string) => Promise<void>;
}

export async function startFakeApp(): Promise<FakeApp> {
  if (NO_CHROMIUM !== undefined) throw new Error(NO_CHROMIUM);
  const agent = createFakeAgent({ steers: async () => true });
  // The agent gives its histories two rows at a time; here they are long, and not what is tested.
  const sessions = {
    ...agent.sessions,
    async *load({ id }: { readonly id: string }) {
      const rows = agent.files.get(id)?.rows ?? [];
      for (let at = 0; at < rows.length; at += 200) yield rows.slice(at, at + 200);
    },
  };
  // It takes any history: what came before is not what is tested.
  const importer: AgentAdapter["importer"] = {
    async copy(_, { id, cwd }) {
      agent.files.set(id, { cwd, rows: [] });
    },
    async write(_, { id, cwd }) {
      agent.files.set(id, { cwd, rows: [] });
      return { kept: {}, dropped: {}, lines: 0 };
    },
  };
  const adapters = [{ ...agent, sessions, importer }];
  const [app, browser] = await Promise.all([startApp({ adapters }), openBrowser()]);
  const spawn = async (id: string, args: Record<string, unknown>): Promise<void> => {
    const tags = { coderResource: `coder-session/${id}` };
    await app.client.spawn("coder", id, { args: { agent: "claude", ...args }, tags });
  };
  return {
    ...app,
    agent,
    browser,
    async attach(id, rows) {
      agent.files.set(id, { cwd: app.cwd, rows });
      await spawn(id, { nativeSessionId: id });
      await untilIdle(app, id);
    },
    async create(id) {
      await spawn(id, { cwd: app.cwd });
      await untilIdle(app, id);
    },
    async close() {
      await browser.close();
      await app.close();
    },
  };
}

/** Follows the directory until the session is at rest. */
async function untilIdle(app: App, id: string): Promise<void> {
  const stop = new AbortController();
  const { offset } = await app.client.listSessions();
  const idle = async (): Promise<boolean> => (await app.client.getSession(id)).status === "idle";
  try {
    if (await idle()) return;
    for await (const { events } of app.client.followStream({
      path: "/_skein/directory",
      from: offset,
      signal: stop.signal,
    })) {
      if (events.length > 0 && (await idle())) return;
    }
  } finally {
    stop.abort();
  }
}

/** Text as it is being written, not yet a row. */
export function typeText(turn: FakeTurn, key: string, text: string): void {
  turn.push({ kind: "delta", delta: { key, kind: "text", at: 0, text } });
}
