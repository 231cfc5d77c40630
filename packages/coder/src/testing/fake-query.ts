import { createChannel } from "../channel.ts";
import type { Channel } from "../channel.ts";
import type { ClaudeOptions, ClaudeUserMessage, QueryFunction } from "../claude/sdk.ts";

/** The SDK's `query` without a process: tests push the messages and read the prompts. */
export interface FakeQuery {
  readonly query: QueryFunction;
  /** Every process that was "started", in order. */
  readonly processes: readonly FakeProcess[];
}

export interface FakeProcess {
  readonly options: ClaudeOptions;
  readonly prompts: readonly ClaudeUserMessage[];
  interrupts(): number;
  push(message: unknown): void;
  /** Ends the process, badly if there is an error. */
  end(error?: Error): void;
}

export function createFakeQuery(): FakeQuery {
  const processes: FakeProcess[] = [];
  return {
    processes,
    query({ prompt, options }) {
      const prompts: ClaudeUserMessage[] = [];
      const messages: Channel<{ message: unknown } | { error: Error }> = createChannel();
      let interrupts = 0;
      void (async () => {
        for await (const message of prompt) prompts.push(message);
        messages.end();
      })();
      processes.push({
        options,
        prompts,
        interrupts: () => interrupts,
        push: (message) => messages.push({ message }),
        end(error) {
          if (error !== undefined) messages.push({ error });
          messages.end();
        },
      });
      return {
        async *[Symbol.asyncIterator]() {
          for await (const item of messages) {
            if ("error" in item) throw item.error;
            yield item.message;
          }
        },
        interrupt() {
          interrupts += 1;
          return Promise.resolve();
        },
        setPermissionMode: () => Promise.resolve(),
        close: () => messages.end(),
      };
    },
  };
}
