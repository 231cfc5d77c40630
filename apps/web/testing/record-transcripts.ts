import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { CODEX_LAB_MODEL, createClaudeLab, createCodexLab } from "@skein/coder/testing";
import { isChangeEvent } from "@skein/runtime/client";
import {
  codingSessionTranscriptRow,
  sessionStreams,
  TRANSCRIPT_EVENT,
  type CodingSessionTranscriptRow,
} from "@skein/sessions";
import { startApp, type App } from "./app.ts";

/**
 * Records what the style guide shows: sessions of the real Claude Code and the real Codex, whose models are scripted.
 * `node --import tsx --conditions=@skein/source apps/web/testing/record-transcripts.ts`
 */
const out = fileURLToPath(new URL("../src/styleguide/recorded.ts", import.meta.url));
const claude = await createClaudeLab();
const codex = await createCodexLab();
const app = await startApp({
  environment: { ...codex.environment, ...claude.environment },
  claude: { credentials: "env" },
  codex: { credentials: "env" },
});
try {
  const prompts = [
    "[[think: The total of an empty basket is undefined. I look at the reducer.]] [[say: I look at **basket.ts** first.]]" +
      ` [[write: ${claude.cwd}/basket.ts|export const total = (items) => items.reduce((sum, item) => sum + item.price);]]` +
      ` [[bash: ls ${claude.cwd}; echo one; echo two]] [[say: Done:\n\n1. the reducer has a start\n2. a test says so]]`,
    "[[bash: cat /nowhere/at/all]] [[say: That file is not there.]]",
  ];
  const recorded = {
    claude: await record(app, "claude", { agent: "claude", permissionMode: "bypass" }, prompts),
    codex: await record(app, "codex", { agent: "codex", permissionMode: "bypass", model: CODEX_LAB_MODEL }, prompts),
  };
  // The folder of this machine says nothing to anybody.
  const text = JSON.stringify(recorded, null, 1)
    .replaceAll(claude.cwd, "/home/kim/shop")
    .replaceAll(app.cwd, "/home/kim");
  const head = "/** Made by testing/record-transcripts.ts: not to be edited. */";
  await writeFile(
    out,
    `${head}\nexport const recorded: { readonly claude: unknown; readonly codex: unknown } = ${text};\n`,
  );
} finally {
  await app.close();
  await claude.close();
  await codex.close();
}

async function record(
  { client }: App,
  id: string,
  args: Record<string, unknown>,
  prompts: readonly string[],
): Promise<CodingSessionTranscriptRow[]> {
  await client.spawn("coder", id, {
    args: { ...args, cwd: claude.cwd },
    tags: { coderResource: `coder-session/${id}` },
  });
  const rows: CodingSessionTranscriptRow[] = [];
  for (const text of prompts) await client.send(`/coder/${id}`, { type: "prompt", payload: { text } });
  const path = sessionStreams(id).main;
  for await (const { events } of client.followStream({ path, missingMs: 30_000 })) {
    for (const event of events) {
      if (isChangeEvent(event) && event.type === TRANSCRIPT_EVENT)
        rows.push(codingSessionTranscriptRow.parse(event.value));
    }
    if (rows.filter(({ type }) => type === "turn_complete").length === prompts.length) break;
  }
  return rows;
}
