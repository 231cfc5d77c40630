import { formatOffset } from "@skein/protocol";
import { transcriptItems } from "@skein/react";
import type { TranscriptEvent } from "@skein/sessions";
import { expect, test } from "vitest";
import { cutAt } from "./fork-cut.ts";

test("[WB44] a fork from a row keeps it and what came of it; from a prompt it begins in front of it, with its words", () => {
  const events: TranscriptEvent[] = [
    { v: 1, type: "user_message", text: "Do it" },
    {
      v: 1,
      type: "tool_call",
      callId: "c",
      tool: "terminal",
      originalTool: "Bash",
      originalAgent: "claude",
      input: {},
    },
    { v: 1, type: "assistant_message", text: "meanwhile" },
    { v: 1, type: "tool_result", callId: "c", output: "", isError: false },
    {
      v: 1,
      type: "tool_call",
      callId: "d",
      tool: "terminal",
      originalTool: "Bash",
      originalAgent: "claude",
      input: {},
    },
  ];
  const rows = events.map((payload, index) => ({
    position: 10 + index,
    row: { key: `r${index}`, ts: 1, type: payload.type, payload },
  }));
  const cuts = transcriptItems(rows, false).map((item) => cutAt(item));
  expect(cuts.map(({ at, prompt }) => [at, prompt])).toEqual([
    [formatOffset(10), "Do it"],
    [formatOffset(14), ""],
    [formatOffset(13), ""],
    [formatOffset(15), ""],
  ]);
});
