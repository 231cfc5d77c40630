import {
  createClaudeNormaliser,
  createCodexNormaliser,
  denormaliseClaude,
  denormaliseCodex,
  type NativeTranscriptRow,
} from "@skein/sessions";
import { line, type Benchmark, type Line } from "../benchmark.ts";
import { median } from "../statistics.ts";

/** Turns of a prompt, an answer, a command with ten lines of output, an edit, and a last word. */
const TURNS = 2_000;
const ROUNDS = 7;
const OPTIONS = { sessionId: "0b0c7f5e-8f0e-4a54-9d0f-6a5d3c1b2a90", cwd: "/work/shop", maxCharacters: 1e9 };

export const normalise: Benchmark = {
  name: "normalise",
  about: "agents' records to transcript rows, beside JSON.parse of the same lines",
  async run(context) {
    const transcript = Array.from({ length: TURNS }, (_, turn) => turnRows(turn)).flat();
    const files = {
      "Claude Code": denormaliseClaude(transcript, OPTIONS).records.map((record) => JSON.stringify(record)),
      Codex: denormaliseCodex(transcript, OPTIONS).records.map((record) => JSON.stringify(record)),
    };
    const makers = { "Claude Code": createClaudeNormaliser, Codex: createCodexNormaliser };
    const lines: Line[] = [];
    for (const agent of ["Claude Code", "Codex"] as const) {
      context.progress(`${agent}: ${files[agent].length} records`);
      const text = files[agent];
      const megabytes = text.reduce((sum, one) => sum + one.length + 1, 0) / 1e6;
      const ours: number[] = [];
      const parse: number[] = [];
      let rows = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        parse.push(seconds(() => text.forEach((one) => void JSON.parse(one))));
        ours.push(
          seconds(() => {
            const normaliser = makers[agent]();
            rows = 0;
            for (const one of text) rows += normaliser.push(JSON.parse(one)).rows.length;
            rows += normaliser.end().rows.length;
          }),
        );
      }
      if (rows < TURNS * 5) throw new Error(`${agent}: only ${rows} rows were read.`);
      const note = `${text.length} records, ${megabytes.toFixed(1)} MB, ${rows} rows; floor: JSON.parse alone`;
      lines.push(
        line(
          `${agent}: records`,
          "records/s",
          { ours: text.length / median(ours), floor: text.length / median(parse) },
          note,
        ),
        line(`${agent}: bytes`, "MB/s", { ours: megabytes / median(ours), floor: megabytes / median(parse) }),
      );
    }
    return lines;
  },
};

function seconds(work: () => void): number {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}

function turnRows(turn: number): NativeTranscriptRow[] {
  const ts = Date.UTC(2026, 0, 1) + turn * 60_000;
  const output = Array.from({ length: 10 }, (_, n) => `src/part-${turn}-${n}.ts:${n * 7}: found what was looked for`);
  const rows: NativeTranscriptRow["payload"][] = [
    { v: 1, type: "user_message", text: `Please look into part ${turn} and mend what is wrong there.` },
    { v: 1, type: "assistant_message", text: "I look for it first.\n\n1. where it is used\n2. what calls it" },
    call(`c${turn}a`, "terminal", "Bash", { command: `grep -rn part-${turn} src`, description: "Look for it" }),
    { v: 1, type: "tool_result", callId: `c${turn}a`, output: output.join("\n"), isError: false, exitCode: 0 },
    call(`c${turn}b`, "file_edit", "Edit", {
      file_path: `/work/shop/src/part-${turn}.ts`,
      old_string: "return total;",
      new_string: "return total ?? 0;",
    }),
    { v: 1, type: "tool_result", callId: `c${turn}b`, output: "The file has been updated.", isError: false },
    { v: 1, type: "assistant_message", text: "It is mended: an empty list has the total 0 now." },
  ];
  return rows.map((payload, index) => ({
    key: `${turn}-${index}`,
    ts: ts + index * 1000,
    type: payload.type,
    payload,
  }));
}

function call(
  callId: string,
  tool: "terminal" | "file_edit",
  originalTool: string,
  input: Record<string, unknown>,
): NativeTranscriptRow["payload"] {
  return { v: 1, type: "tool_call", callId, tool, originalTool, originalAgent: "claude", input };
}
