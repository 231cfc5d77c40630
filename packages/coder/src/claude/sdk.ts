import type { Options, PermissionResult, PermissionUpdate, SDKUserMessage } from "@anthropic-ai/claude-agent-sdk";
import { SkeinError } from "@skein/protocol";

/**
 * The part of `@anthropic-ai/claude-agent-sdk` that we use. The SDK is an optional dependency and slow to load: it is
 * imported when the first session starts. Its messages are `unknown` here and are parsed by `messages.ts`.
 */
export type ClaudeQuery = AsyncIterable<unknown> & {
  interrupt(): Promise<unknown>;
  setPermissionMode(mode: NonNullable<Options["permissionMode"]>): Promise<void>;
  close(): void;
};
export type ClaudeOptions = Options;
export type ClaudeUserMessage = SDKUserMessage;
export type ClaudePermissionResult = PermissionResult;
export type ClaudePermissionUpdate = PermissionUpdate;
export type QueryFunction = (params: {
  prompt: AsyncIterable<ClaudeUserMessage>;
  options: ClaudeOptions;
}) => ClaudeQuery;

export async function loadQuery(): Promise<QueryFunction> {
  try {
    return (await import("@anthropic-ai/claude-agent-sdk")).query;
  } catch (cause) {
    throw new SkeinError(
      "agent_not_installed",
      "The Claude Agent SDK is not installed. Run `npm install @anthropic-ai/claude-agent-sdk` beside the runner.",
      { cause },
    );
  }
}
