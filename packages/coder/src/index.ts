export type { AgentAdapter, AgentStatus, NativeSession, NativeSessions } from "./adapter.ts";
export { createClaudeAgent } from "./claude/claude-agent.ts";
export type { ClaudeAgentDeps, ClaudeSettings } from "./claude/claude-agent.ts";
export type { Timing as AgentTiming } from "./drive/timing.ts";
export type { Credentials, Environment } from "./process/environment.ts";
export type { SettingSource } from "./claude/options.ts";
export { createCodexAgent } from "./codex/codex-agent.ts";
export type { CodexAgentDeps, CodexSettings } from "./codex/codex-agent.ts";
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export type { CoderCalls } from "./coder/calls.ts";
export { registerCoder, registerCodingSession } from "./coder/register.ts";
export type { CoderOptions, Coders } from "./coder/register.ts";
export type {
  AgentDriver,
  DriverEvent,
  DriverFactory,
  DriverOptions,
  DriverResponse,
  DriverRow,
  PromptInput,
  TurnOutcome,
} from "./driver.ts";
export { createCheckpoints } from "./git/checkpoints.ts";
export type { Checkpoints, CheckpointsOptions } from "./git/checkpoints.ts";
export type { GitRefusal } from "./git/refusal.ts";
export type { CheckpointName } from "./git/refs.ts";
export { procTable } from "./process/process-table.ts";
export type { ProcessInfo, ProcessTable } from "./process/process-table.ts";
export { createReaper } from "./process/reaper.ts";
export type { Reaper } from "./process/reaper.ts";
export { useCodingAgent } from "./use-coding-agent.ts";
export type { CodingSessionHandle, UseCodingAgentOptions } from "./use-coding-agent.ts";
