export { createClaudeLab } from "./claude-lab.ts";
export type { ClaudeLab } from "./claude-lab.ts";
export { createFakeAgent } from "./fake-agent.ts";
export type { FakeAgent, FakeTurn } from "./fake-agent.ts";
export { hasDirectives, parseDirectives } from "./directives.ts";
export type { Step } from "./directives.ts";
export { startScriptedMessagesApi } from "./scripted-anthropic.ts";
export type { ScriptedMessagesApi, ScriptedRequest } from "./scripted-anthropic.ts";
