/**
 * The language by which a prompt steers the scripted model: `[[name: argument]]`, in order. A directive's argument may
 * hold another prompt's directives in double braces (`{{say: hi}}`), which is how a sub-agent is steered.
 */
export type Step =
  | { readonly kind: "text"; readonly text: string; readonly deltas: number; readonly delayMs: number }
  | { readonly kind: "thinking"; readonly text: string }
  | { readonly kind: "tool"; readonly name: string; readonly input: Record<string, unknown> }
  /** The tool calls that follow, up to the next step of another kind, are one message. */
  | { readonly kind: "parallel" }
  /** Waits until the test opens the gate. */
  | { readonly kind: "gate"; readonly name: string }
  | { readonly kind: "hang" }
  /** Breaks the connection, on the first `times` attempts. */
  | { readonly kind: "cut"; readonly times: number }
  /** Answers with an error, on the first `times` attempts. */
  | { readonly kind: "http"; readonly status: number; readonly times: number; readonly message: string };

const DIRECTIVE = /\[\[([a-z]+)(?::([\s\S]*?))?\]\]/g;
const MAX_DELTAS = 20_000;
const MAX_DELAY_MS = 5_000;

/** The steps of a prompt. A prompt without directives is answered with `ok: {its first line}`. */
export function parseDirectives(prompt: string): readonly Step[] {
  const steps = [...prompt.matchAll(DIRECTIVE)].map(([, name = "", argument = ""]) => parseStep(name, argument.trim()));
  return steps.length > 0 ? steps : [text(`ok: ${prompt.trim().split("\n")[0] ?? ""}`)];
}

export function hasDirectives(prompt: string): boolean {
  return prompt.search(DIRECTIVE) !== -1;
}

function parseStep(name: string, argument: string): Step {
  switch (name) {
    case "say":
      return text(argument);
    case "slow":
      return slow(argument);
    case "think":
      return { kind: "thinking", text: argument };
    case "parallel":
      return { kind: "parallel" };
    case "gate":
      return { kind: "gate", name: argument };
    case "hang":
      return { kind: "hang" };
    case "cut":
      return { kind: "cut", times: times(argument) };
    case "http":
      return http(argument);
    default:
      return { kind: "tool", ...parseTool(name, argument) };
  }
}

function parseTool(name: string, argument: string): { name: string; input: Record<string, unknown> } {
  const [first = "", ...rest] = argument.split("|");
  const second = rest.join("|");
  switch (name) {
    case "write":
      return { name: "Write", input: { file_path: first.trim(), content: second } };
    case "read":
      return { name: "Read", input: { file_path: argument } };
    case "bash":
      return { name: "Bash", input: { command: argument, description: "Run a scripted command" } };
    case "ask":
      return { name: "AskUserQuestion", input: { questions: [question(first.trim(), rest)] } };
    case "task":
      return { name: "Agent", input: task(first.trim(), second) };
    case "tool":
      return { name: first.trim(), input: jsonObject(second) };
    default:
      throw new Error(`The scripted model knows no directive [[${name}]].`);
  }
}

function question(text: string, labels: readonly string[]): Record<string, unknown> {
  const options = labels.map((label) => ({ label: label.trim(), description: label.trim() }));
  return { question: text, header: "Choice", multiSelect: false, options };
}

function task(title: string, prompt: string): Record<string, unknown> {
  const nested = prompt.replaceAll("{{", "[[").replaceAll("}}", "]]");
  return { description: title, prompt: nested, subagent_type: "general-purpose" };
}

function jsonObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("[[tool: Name|{…}]] takes a JSON object.");
  return { ...value };
}

function text(value: string): Step {
  return { kind: "text", text: value, deltas: Math.max(1, Math.ceil(value.length / 12)), delayMs: 0 };
}

/** `[[slow: COUNT,MS]]`: so many words, one after the other. */
function slow(argument: string): Step {
  const [count = "10", delay = "20"] = argument.split(",");
  const deltas = Math.min(MAX_DELTAS, Math.max(1, Number(count)));
  const words = Array.from({ length: deltas }, (_, index) => `word${String(index + 1)}`);
  return { kind: "text", text: words.join(" "), deltas, delayMs: Math.min(MAX_DELAY_MS, Number(delay)) };
}

/** `[[http: STATUS,TIMES|MESSAGE]]`. */
function http(argument: string): Step {
  const [numbers = "", message] = argument.split("|");
  const [status = "500", attempts = ""] = numbers.split(",");
  return {
    kind: "http",
    status: Number(status),
    times: times(attempts),
    message: message ?? `scripted ${status.trim()}`,
  };
}

function times(argument: string): number {
  return argument.trim() === "" ? Number.POSITIVE_INFINITY : Number(argument);
}
