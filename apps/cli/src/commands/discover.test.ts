import type { DiscoveredSession, Discovery } from "@skein/sessions/node";
import { expect, test } from "vitest";
import { mergeDiscoveries } from "./discover.ts";

function found(agent: "claude" | "codex", more: boolean, ...times: number[]): Discovery {
  const sessions = times.map((updatedAt): DiscoveredSession => ({
    agent,
    id: `${agent}-${updatedAt}`,
    path: "",
    updatedAt,
    sizeBytes: 1,
    messages: { count: 1, exact: true },
  }));
  return { sessions, skipped: [{ path: agent, reason: "empty" }], more };
}

test("[CL40] the sessions of several agents are one list, the newest first", () => {
  const merged = mergeDiscoveries([found("claude", false, 9, 5), found("codex", false, 7, 1)], 3);
  expect(merged.sessions.map(({ id }) => id)).toEqual(["claude-9", "codex-7", "claude-5"]);
  expect(merged.more).toBe(true);
  expect(merged.skipped.map(({ path }) => path)).toEqual(["claude", "codex"]);
});

test("[CL40] there are more when an agent has more, and not otherwise", () => {
  expect(mergeDiscoveries([found("claude", false, 9), found("codex", true, 7)], 10).more).toBe(true);
  expect(mergeDiscoveries([found("claude", false, 9), found("codex", false, 7)], 2).more).toBe(false);
});
