import { basename, dirname, join, relative } from "node:path";
import { type Census, createCensus } from "../census.ts";
import { readClaudeSession } from "./claude/read.ts";
import { readCodexSession } from "./codex/read.ts";
import { chunksOf, openFile } from "./files.ts";
import { parseLine, readLines } from "./lines.ts";

export type Inspection =
  | { readonly kind: "inspected"; readonly census: Census }
  | { readonly kind: "unreadable"; readonly message: string }
  /** It is a file, but not of an agent that we read. */
  | { readonly kind: "unsupported"; readonly message: string };

const READERS = { claude: readClaudeSession, codex: readCodexSession } as const;

/** What is in a native session file and what would become of it. `path` is a person's, and may be a link. */
export async function inspectSession(options: {
  readonly path: string;
  readonly signal?: AbortSignal;
}): Promise<Inspection> {
  const { path } = options;
  const handle = await openFile(path, { follow: true });
  if (handle === undefined) return { kind: "unreadable", message: `There is no readable file at ${path}.` };
  let sizeBytes: number;
  let agent: "claude" | "codex" | undefined;
  try {
    sizeBytes = (await handle.stat()).size;
    agent = await agentOf(chunksOf(handle, options.signal));
  } finally {
    await handle.close();
  }
  if (agent === undefined)
    return { kind: "unsupported", message: `${path} is no session file of an agent that Skein reads.` };
  const census = createCensus();
  // Claude Code keeps what belongs to a session in a folder of its name, Codex beside it.
  const beside = agent === "claude" ? join(dirname(path), basename(path, ".jsonl")) : dirname(path);
  for await (const { file, line, parsed, normalised } of READERS[agent]({ ...options, follow: true })) {
    const name = file === path ? "" : relative(beside, file);
    census.add({ file: name, line, normalised, ...(parsed.kind === "json" ? { raw: parsed.value } : {}) });
  }
  return { kind: "inspected", census: census.take({ agent, path, sizeBytes }) };
}

/** Lines that are looked at to see whose file it is. */
const PROBED = 200;

async function agentOf(chunks: AsyncIterable<Uint8Array>): Promise<"claude" | "codex" | undefined> {
  for await (const line of readLines(chunks)) {
    if (line.number > PROBED) return undefined;
    const parsed = parseLine(line);
    if (parsed.kind !== "json" || typeof parsed.value !== "object" || parsed.value === null) continue;
    const { value } = parsed;
    // Codex wraps every record; before it did, its first line was the session's. Claude Code never has a payload.
    if ("payload" in value || ("id" in value && "timestamp" in value && !("type" in value))) return "codex";
    if ("type" in value && typeof value.type === "string") return "claude";
  }
  return undefined;
}
