import type { Census, NotShown } from "./census.ts";
import { SKIP_REASONS } from "./normalised.ts";

const AGENTS = { claude: "Claude Code", codex: "Codex" } as const;

/** A census for a person to read, without colours. Nothing of a file's own text goes to the terminal as it is. */
export function formatCensus(census: Census): string {
  const { session, files } = census;
  const lines = [
    `${AGENTS[census.agent]} session ${printable(session.id ?? "without an id")}${session.title === undefined ? "" : `: ${printable(session.title)}`}`,
    printable(census.path),
    `${census.lines} lines, ${size(census.sizeBytes)}${session.agentVersion === undefined ? "" : `, version ${printable(session.agentVersion)}`}${session.cwd === undefined ? "" : `, in ${printable(session.cwd)}`}`,
    ...files.map((file) => `with ${printable(file.path)}, ${file.lines} lines`),
    "",
    "Native rows in",
    ...table(census.native),
    ...(Object.keys(census.blocks).length === 0 ? [] : ["", "Content blocks in", ...table(census.blocks)]),
    "",
    "Transcript events out",
    ...table(census.events),
    "",
    ...notShown(census),
  ];
  return `${lines.join("\n")}\n`;
}

function table(counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts);
  if (entries.length === 0) return ["  none"];
  const width = Math.max(...entries.map(([, n]) => String(n).length));
  return entries.map(([name, n]) => `  ${String(n).padStart(width)}  ${printable(name)}`);
}

function notShown(census: Census): string[] {
  const rows = census.notShown;
  if (rows.length === 0) return ["Every row is shown."];
  const kindWidth = Math.min(40, Math.max(...rows.map((row) => row.kind.length)));
  const line = (row: NotShown) => {
    const where = row.file === undefined ? `line ${row.line}` : `${printable(row.file)} line ${row.line}`;
    const why = row.detail === undefined ? row.reason : `${row.reason} (${printable(row.detail)})`;
    return `  ${where.padEnd(10)}  ${printable(row.kind).padEnd(kindWidth)}  ${why}`;
  };
  return [`Rows not shown: ${rows.length}`, ...reasons(census), "", "Each of them, and why", ...rows.map(line)];
}

/** How often each reason was met, and what it means. */
function reasons(census: Census): string[] {
  const entries = Object.entries(census.reasons);
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, n]) => `  ${String(n).padStart(5)}  ${name.padEnd(width)}  ${explain(name)}`);
}

function explain(reason: string): string {
  return Object.entries(SKIP_REASONS).find(([name]) => name === reason)?.[1] ?? "";
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, "KiB"] : [bytes / (1024 * 1024), "MiB"];
  return `${value.toFixed(1)} ${unit}`;
}

/** Control characters could steer the terminal. */
function printable(text: string): string {
  return Array.from(text.slice(0, 500), (c) => (isControl(c.codePointAt(0) ?? 0) ? "�" : c)).join("");
}

function isControl(code: number): boolean {
  return (
    code < 32 || (code >= 127 && code < 160) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
  );
}
