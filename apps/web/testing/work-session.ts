import type { NativeTranscriptRow, TranscriptEvent } from "@skein/sessions";

/** An afternoon's work over several turns, for the viewers and the pictures: edits, commands, searches, usage. */
const HOME = "/home/kim/shop";
const START = Date.UTC(2026, 10, 20, 13, 5);

export function workRows(): NativeTranscriptRow[] {
  const log = writer();
  log.add("init", {
    v: 1,
    type: "session_init",
    agent: "claude",
    cwd: HOME,
    model: "claude-sonnet-4-5",
    git: { branch: "basket" },
  });
  firstTurn(log);
  secondTurn(log);
  thirdTurn(log);
  fourthTurn(log);
  return log.rows;
}

type Log = ReturnType<typeof writer>;

function writer() {
  const rows: NativeTranscriptRow[] = [];
  let at = START;
  let calls = 0;
  const add = (key: string, payload: TranscriptEvent, seconds = 2): void => {
    at += seconds * 1000;
    rows.push({ key, ts: at, type: payload.type, payload });
  };
  return {
    rows,
    add,
    pause: (minutes: number) => void (at += minutes * 60_000),
    prompt: (key: string, text: string) => add(key, { v: 1, type: "user_message", text }),
    says: (key: string, text: string) => add(key, { v: 1, type: "assistant_message", text }, 4),
    call(tool: string, originalTool: string, input: Record<string, unknown>, output: string, more: Called = {}) {
      const callId = `w${++calls}`;
      add(`${callId}:call`, { v: 1, type: "tool_call", callId, tool, originalTool, originalAgent: "claude", input });
      const { isError = false, exitCode, diff, seconds = 3 } = more;
      if (diff !== undefined) {
        const changes = [{ path: String(input["file_path"]), kind: more.kind ?? ("edit" as const), diff }];
        add(`${callId}:change`, { v: 1, type: "file_change", callId, changes }, seconds);
      }
      const result = { v: 1, type: "tool_result", callId, output, isError } as const;
      add(`${callId}:result`, exitCode === undefined ? result : { ...result, exitCode }, seconds);
    },
    end(
      key: string,
      turn: { durationMs: number; input: number; cached: number; output: number; cost: number; context: number },
    ) {
      add(key, {
        v: 1,
        type: "turn_complete",
        success: true,
        durationMs: turn.durationMs,
        usage: {
          inputTokens: turn.input,
          cachedInputTokens: turn.cached,
          outputTokens: turn.output,
          costUsd: turn.cost,
          contextTokens: turn.context,
          contextWindow: 200_000,
        },
      });
    },
  };
}

interface Called {
  readonly isError?: boolean;
  readonly exitCode?: number;
  readonly diff?: string;
  readonly kind?: "add" | "edit";
  readonly seconds?: number;
}

function firstTurn(log: Log): void {
  log.prompt("wp1", "The checkout fails when the basket is empty. Please find out why, and fix it with a test.");
  log.add("wthink", { v: 1, type: "thinking", text: "An empty basket has no total. I look at the reducer first." });
  log.call(
    "content_search",
    "Grep",
    { pattern: "reduce\\(", path: HOME },
    `${HOME}/src/basket.ts:2:  items.reduce((sum, item) => sum + item.price);\n${HOME}/src/tax.ts:9:  lines.reduce((sum, line) => sum + line.tax, 0);\n`,
  );
  log.call("file_read", "Read", { file_path: `${HOME}/src/basket.ts` }, BASKET);
  log.call("file_search", "Glob", { pattern: "**/*.test.ts" }, `${HOME}/src/tax.test.ts\n${HOME}/src/order.test.ts\n`);
  log.call("terminal", "Bash", { command: "npm test -- --run basket 2>&1 | tail -20" }, FAILING, {
    isError: true,
    exitCode: 1,
    seconds: 9,
  });
  log.says("wa1", ANSWER);
  log.call("file_edit", "Edit", { file_path: `${HOME}/src/basket.ts` }, "The file has been updated.", { diff: EDIT_1 });
  log.call("file_write", "Write", { file_path: `${HOME}/src/basket.test.ts` }, "The file has been created.", {
    diff: NEW_TEST,
    kind: "add",
  });
  log.call(
    "terminal",
    "Bash",
    { command: "npm test -- --run basket" },
    "\u001b[32m ✓\u001b[0m src/basket.test.ts (2 tests) 4ms\n\n\u001b[1m Tests\u001b[0m  \u001b[32m2 passed\u001b[0m (2)\n",
    { exitCode: 0, seconds: 8 },
  );
  log.says("wa2", "The basket's total has a start value now, and a test holds it.");
  log.end("wt1", { durationMs: 92_000, input: 14_200, cached: 61_000, output: 1_840, cost: 0.19, context: 31_000 });
}

function secondTurn(log: Log): void {
  log.pause(12);
  log.prompt("wp2", "Prices are in floats. Move them to cents.");
  log.call("content_search", "Grep", { pattern: "price" }, "Found 3 files\nsrc/basket.ts\nsrc/order.ts\nsrc/tax.ts");
  log.call(
    "file_read",
    "Read",
    { file_path: `${HOME}/src/order.ts` },
    "     1→export interface Order {\n     2→  readonly total: number;\n     3→}\n",
  );
  log.call("file_read", "Read", { file_path: `${HOME}/src/tax.ts` }, "     1→export const TAX = 0.19;\n");
  log.add("wplan", {
    v: 1,
    type: "plan",
    items: [
      { text: "Money as whole cents in the types", status: "completed" },
      { text: "Convert at the borders", status: "in_progress" },
      { text: "Migrate the stored orders", status: "pending" },
    ],
  });
  log.call("file_edit", "Edit", { file_path: `${HOME}/src/basket.ts` }, "The file has been updated.", { diff: EDIT_2 });
  log.call("file_edit", "Edit", { file_path: `${HOME}/src/order.ts` }, "The file has been updated.", {
    diff: EDIT_ORDER,
  });
  log.call("terminal", "Bash", { command: "npx tsc --noEmit" }, "", { exitCode: 0, seconds: 14 });
  log.call(
    "mcp__tracker__create_issue",
    "mcp__tracker__create_issue",
    { title: "Migrate stored orders to cents", labels: ["debt"] },
    '{"number": 17, "url": "https://tracker.example/17"}',
  );
  log.says(
    "wa3",
    "Money is whole cents inside; it is converted where it comes in and goes out. I opened issue 17 for the orders that are stored.",
  );
  log.end("wt2", { durationMs: 214_000, input: 9_400, cached: 142_000, output: 4_310, cost: 0.34, context: 58_500 });
}

function thirdTurn(log: Log): void {
  log.pause(3);
  log.prompt("wp3", "Is that how others do it?");
  log.call(
    "web_search",
    "WebSearch",
    { query: "money as integer cents typescript" },
    "1. [Martin Fowler: Money](https://example.com/money)\n2. [Integers for money](https://example.com/cents)",
  );
  log.call(
    "web_fetch",
    "WebFetch",
    { url: "https://example.com/money", prompt: "What type does it use?" },
    "The pattern keeps an **amount** as an integer and a *currency* beside it.",
  );
  log.add("wabort", { v: 1, type: "turn_aborted", reason: "interrupted", user: "user:lee" });
}

function fourthTurn(log: Log): void {
  log.pause(26);
  log.prompt("wp4", "Release it to staging.");
  log.call(
    "terminal",
    "Bash",
    { command: "npm run build" },
    "vite v8.3.8 building for production...\n✓ 214 modules transformed.\n",
    { exitCode: 0, seconds: 21 },
  );
  log.call("terminal", "Bash", { command: "npm version minor && git push --follow-tags" }, "v2.1.0\n", {
    exitCode: 0,
    seconds: 5,
  });
  log.call(
    "terminal",
    "Bash",
    { command: "kubectl --context staging rollout status deploy/shop" },
    'deployment "shop" successfully rolled out\n',
    { exitCode: 0, seconds: 38 },
  );
  log.says("wa4", "Version **2.1.0** runs on staging.");
  log.end("wt4", { durationMs: 74_000, input: 3_100, cached: 120_000, output: 620, cost: 0.09, context: 66_200 });
}

const BASKET =
  "     1→export const total = (items: readonly Item[]): number =>\n     2→  items.reduce((sum, item) => sum + item.price);\n     3→\n     4→export interface Item {\n     5→  readonly name: string;\n     6→  /** In euros. */\n     7→  readonly price: number;\n     8→}\n";

const FAILING =
  "\u001b[31m ❯\u001b[0m src/basket.test.ts (1 test | \u001b[31m1 failed\u001b[0m)\n   \u001b[31m×\u001b[0m empty basket\n     \u001b[31m→ Reduce of empty array with no initial value\u001b[0m\n";

const ANSWER = `### What happens

\`reduce\` without a start value **throws** on an empty list:

1. the basket is empty
2. \`total()\` is called, see [the documentation](https://example.com/reduce)

\`\`\`ts
// with a start value there is always a sum
export const total = (items: readonly Item[]): number =>
  items.reduce((sum, item) => sum + item.price, 0);
\`\`\`

| file | line | same mistake |
| --- | ---: | --- |
| basket.ts | 2 | yes |
| tax.ts | 9 | no |`;

const EDIT_1 =
  "@@ -1,3 +1,3 @@\n export const total = (items: readonly Item[]): number =>\n-  items.reduce((sum, item) => sum + item.price);\n+  items.reduce((sum, item) => sum + item.price, 0);\n \n";

const EDIT_2 =
  "@@ -1,8 +1,9 @@\n+/** The sum in cents. */\n export const total = (items: readonly Item[]): number =>\n-  items.reduce((sum, item) => sum + item.price, 0);\n+  items.reduce((sum, item) => sum + item.cents, 0);\n \n export interface Item {\n   readonly name: string;\n-  /** In euros. */\n-  readonly price: number;\n+  /** Whole cents. */\n+  readonly cents: number;\n }\n";

const EDIT_ORDER =
  "@@ -1,3 +1,4 @@\n export interface Order {\n-  readonly total: number;\n+  /** Whole cents. */\n+  readonly cents: number;\n }\n";

const NEW_TEST =
  '--- /dev/null\n+++ b/src/basket.test.ts\n@@ -0,0 +1,10 @@\n+import { expect, test } from "vitest";\n+import { total } from "./basket.ts";\n+\n+test("an empty basket costs nothing", () => {\n+  expect(total([])).toBe(0);\n+});\n+\n+test("prices add up", () => {\n+  expect(total([{ name: "tea", price: 3 }, { name: "jam", price: 4 }])).toBe(7);\n+});\n';
