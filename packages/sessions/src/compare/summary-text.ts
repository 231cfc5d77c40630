import type { SessionSide } from "./compare-sessions.ts";

const MAX_LINE = 200;
const MAX_TURNS = 20;
const MAX_FILES = 30;

/** What one side did, in a few lines for people: what was asked, what came of it, which files were changed. */
export function summariseSide(name: string, { turns, usage }: SessionSide): string {
  if (turns.length === 0) return `${name} did nothing since.`;
  const shown = turns.slice(-MAX_TURNS);
  const files = [...new Set(turns.flatMap((turn) => turn.files.map(({ path }) => path)))].sort();
  const lines = [
    `${name}: ${count(turns.length, "turn")}${usage.costUsd === undefined ? "" : `, $${usage.costUsd.toFixed(2)}`}.`,
    ...(shown.length < turns.length ? [`(The last ${String(shown.length)} of them.)`] : []),
    ...shown.flatMap(({ prompt, answer, outcome }) => [
      `- Asked: ${lineOf(prompt)}`,
      `  ${outcome === "completed" ? "" : `${WORDS[outcome]}. `}${answer === undefined ? "" : lineOf(answer)}`.trimEnd(),
    ]),
  ];
  if (files.length > 0) {
    const more = files.length > MAX_FILES ? ` and ${String(files.length - MAX_FILES)} more` : "";
    lines.push(`Files: ${files.slice(0, MAX_FILES).join(", ")}${more}`);
  }
  return lines.filter((line) => line !== "").join("\n");
}

const WORDS = { completed: "Done", failed: "It failed", aborted: "It was stopped", open: "It goes on" } as const;

function count(number: number, what: string): string {
  return `${String(number)} ${what}${number === 1 ? "" : "s"}`;
}

/** The first line that says something, cut where it is too long. */
function lineOf(text: string): string {
  const line = text.split("\n").find((one) => one.trim() !== "") ?? "";
  const characters = Array.from(line.trim());
  return characters.length <= MAX_LINE ? characters.join("") : `${characters.slice(0, MAX_LINE - 1).join("")}…`;
}
