import type { NativeTranscriptRow } from "@skein/sessions";
import { call, result, row } from "./sample-session.ts";

const ELSEWHERE = "http://198.51.100.7";

/** Ways to get code run, something loaded, or something shown as what it is not, wherever text can stand. */
const ATTACKS: readonly string[] = [
  `<script>globalThis.hacked = 1</script>`,
  `<img src=x onerror="globalThis.hacked = 1">`,
  `<img src="${ELSEWHERE}/pixel.png">`,
  `![tracker](${ELSEWHERE}/pixel.png)`,
  `![vector](data:image/svg+xml;base64,PHN2Zy8+)`,
  `[click](javascript:globalThis.hacked=1)`,
  `[click](data:text/html,<script>globalThis.hacked=1</script>)`,
  `[here](/s/another) [there](//198.51.100.7/x) <${ELSEWHERE}/auto> [pw](http://bank@198.51.100.7/)`,
  `<iframe src="${ELSEWHERE}"></iframe><object data="${ELSEWHERE}"></object><style>@import "${ELSEWHERE}/x.css"; * { display: none }</style>`,
  `<svg><image href="${ELSEWHERE}/x.png" /><a xlink:href="javascript:globalThis.hacked=1">x</a></svg>`,
  `<div style="position:fixed;inset:0;background:red">over everything</div>`,
  `\u001b]8;;${ELSEWHERE}\u0007link\u001b]8;;\u0007 \u001b[2J\u001b[1000;1000Hgone \u001b]0;title\u0007 \u0007`,
  `rm file\u202etxt.exe\u202c \u2066hidden\u2069 zero\u200bwidth`,
  `# ${"#".repeat(2000)}`,
  `${"> ".repeat(500)}deep`,
  `${"- ".repeat(200)}deep list`,
  `${"[".repeat(2000)}${"]".repeat(2000)}`,
  `|${"a|".repeat(500)}\n|${"-|".repeat(500)}\n|${"x|".repeat(500)}`,
  `[^1] [a][b]\n\n[b]: javascript:globalThis.hacked=1\n[^1]: <script>globalThis.hacked=1</script>`,
  "W".repeat(20_000),
  `{{constructor.constructor('globalThis.hacked=1')()}} \${globalThis.hacked=1} \`\`\`\n</code></pre><script>globalThis.hacked=1</script>`,
];

export function hostileRows(): NativeTranscriptRow[] {
  const rows = ATTACKS.flatMap((text, index) => [
    row(`h${index}:p`, { v: 1, type: "user_message", text }),
    row(`h${index}:a`, { v: 1, type: "assistant_message", text }),
    row(`h${index}:t`, { v: 1, type: "thinking", text }),
    call(`h${index}`, index % 2 === 0 ? "terminal" : text.slice(0, 60), text.slice(0, 60), {
      command: text,
      file_path: text,
      [text.slice(0, 40)]: text,
    }),
    result(`h${index}`, text, { isError: index % 3 === 0 }),
    row(`h${index}:e`, { v: 1, type: "error", message: text, code: text.slice(0, 50) }),
    row(`h${index}:n`, { v: 1, type: "notice", text }),
    row(`h${index}:u`, { v: 1, type: "unknown", agent: text.slice(0, 50), raw: { [text.slice(0, 50)]: text } }),
    row(`h${index}:f`, {
      v: 1,
      type: "file_change",
      changes: [{ path: text.slice(0, 200), kind: "edit", diff: `@@ -1 +1 @@\n-${text}\n+${text}` }],
    }),
  ]);
  return [
    ...rows,
    ...ATTACKS.flatMap(hostileCalls),
    call("flood", "file_read", "Read", { file_path: "src/flood.ts" }),
    result("flood", `     1→${"x = 1; ".repeat(60_000)}`),
    row("huge", { v: 1, type: "assistant_message", text: "Very many words. ".repeat(20_000) }),
    row("image", {
      v: 1,
      type: "user_message",
      text: "With attachments",
      attachments: [
        { kind: "image", mime: "image/svg+xml", data: "PHN2ZyBvbmxvYWQ9ImhhY2tlZD0xIi8+" },
        { kind: "image", mime: "image/png", data: `"><script>globalThis.hacked=1</script>` },
        { kind: "image", mime: "image/png", data: PIXEL },
      ],
    }),
    row("last", { v: 1, type: "assistant_message", text: "The last row" }),
  ];
}

/** Tools that have bodies of their own, two for each attack, so that each body meets several. */
const TOOLS: readonly ((text: string) => { readonly tool: string; readonly input: object; readonly output: string })[] =
  [
    (text) => ({ tool: "file_read", input: { file_path: `src/${text}.ts` }, output: `     1→${text}\n     2→${text}` }),
    (text) => ({
      tool: "file_edit",
      input: { file_path: text, old_string: text, new_string: `${text}!` },
      output: text,
    }),
    (text) => ({ tool: "file_write", input: { file_path: `${text}.html`, content: text }, output: text }),
    (text) => ({ tool: "file_search", input: { pattern: text }, output: `/${text.replaceAll("\n", " ")}` }),
    (text) => ({ tool: "content_search", input: { pattern: text }, output: `src/a.ts:1:${text}\nsrc/b.ts:22:${text}` }),
    (text) => ({ tool: "web_search", input: { query: text }, output: text }),
    (text) => ({ tool: "web_fetch", input: { url: `javascript:${text}`, prompt: text }, output: text }),
    (text) => ({ tool: "web_fetch", input: { url: `${ELSEWHERE}/${text}` }, output: text }),
    (text) => ({
      tool: `mcp__${text}__x`,
      input: { [text]: text, list: [text] },
      output: JSON.stringify({ [text]: text }),
    }),
    (text) => ({ tool: "sub_agent", input: { description: text, prompt: text }, output: text }),
  ];

function hostileCalls(text: string, index: number): NativeTranscriptRow[] {
  const rows = [0, 1].flatMap((second) => {
    const id = `h${index}:tool${second}`;
    const made = TOOLS[(index * 2 + second) % TOOLS.length];
    if (made === undefined) return [];
    const { tool, input, output } = made(text);
    const within = { ...row(`${id}:child`, { v: 1, type: "assistant_message", text }), parentCallId: id };
    return [call(id, tool, text.slice(0, 60), { ...input }), within, result(id, output)];
  });
  const items = [{ text, status: "in_progress" as const }];
  const options = [{ label: text.slice(0, 200), description: text }];
  return [
    ...rows,
    row(`h${index}:plan`, { v: 1, type: "plan", items }),
    row(`h${index}:q`, { v: 1, type: "question", requestId: `q${index}`, questions: [{ question: text, options }] }),
  ];
}

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
