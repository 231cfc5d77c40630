export { hasDirectives, parseDirectives } from "./directives.ts";
export type { Step } from "./directives.ts";
export { startScriptedMessagesApi } from "./scripted-anthropic.ts";
export type { ScriptedMessagesApi, ScriptedRequest } from "./scripted-anthropic.ts";
