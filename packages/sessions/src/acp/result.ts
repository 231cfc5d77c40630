import { textOf } from "./content.ts";
import type { AcpCall } from "./state.ts";

/** What a call said in the end: each agent puts it elsewhere. */
export function outputOf({ rawOutput, content, streamed }: AcpCall): {
  readonly text: string;
  readonly exitCode: number | undefined;
} {
  const fields = typeof rawOutput === "object" && rawOutput !== null ? { ...rawOutput } : {};
  const exitCode = numberIn(fields, "exit_code", "exitCode");
  const words = content.map((one) => textOf(one.content)).filter((text) => text !== "");
  const told =
    (typeof rawOutput === "string" ? rawOutput : undefined) ??
    textIn(fields, "formatted_output", "aggregated_output", "output", "stdout") ??
    (words.length > 0 ? withoutFence(words.join("\n")) : undefined) ??
    (streamed === "" ? undefined : streamed) ??
    (rawOutput === undefined || rawOutput === null ? "" : JSON.stringify(rawOutput));
  return { text: told, exitCode };
}

function numberIn(fields: Readonly<Record<string, unknown>>, ...names: readonly string[]): number | undefined {
  const found = names.map((name) => fields[name]).find((value) => Number.isInteger(value));
  return typeof found === "number" ? found : undefined;
}

function textIn(fields: Readonly<Record<string, unknown>>, ...names: readonly string[]): string | undefined {
  const found = names.map((name) => fields[name]).find((value) => typeof value === "string");
  return typeof found === "string" ? found : undefined;
}

/** One block of code around it all is for editors that show markdown. */
function withoutFence(text: string): string {
  return /^(`{3,})[a-z]*\n([\s\S]*)\n\1\s*$/.exec(text)?.[2] ?? text;
}
