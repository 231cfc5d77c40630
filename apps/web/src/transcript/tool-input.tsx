import { filePath, command } from "../text/tool-summary.ts";
import { relativePath } from "../text/format.ts";
import { askedDiff } from "../text/tool-diff.ts";
import { visibleText } from "../text/visible-text.ts";
import { CodeBlock } from "./code-block.tsx";
import { Diff } from "./diff.tsx";

export interface ToolInputProps {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly directory: string | undefined;
}

/** What a call asks for, in full: this is what a person allows or denies. */
export function ToolInput({ tool, input, directory }: ToolInputProps) {
  if (tool === "terminal" && command(input) !== "") {
    return <CodeBlock text={visibleText(command(input))} wrap lines={40} language="bash" />;
  }
  if (tool === "file_edit" || tool === "file_write") {
    const lines = askedDiff(input);
    if (lines !== undefined) return <Diff lines={lines} path={visibleText(relativePath(filePath(input), directory))} />;
  }
  return <CodeBlock text={visibleText(JSON.stringify(input, null, 2))} wrap lines={20} language="json" />;
}
