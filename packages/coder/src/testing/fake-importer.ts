import type { NativeTranscriptRow } from "@skein/sessions";
import type { FakeAgent } from "./fake-agent.ts";
import { createFakeAgent } from "./fake-agent.ts";

/** A fake agent that takes history from elsewhere, and tells what it was given, each time. */
export function createImportingAgent(): {
  readonly agent: FakeAgent;
  readonly written: readonly (readonly NativeTranscriptRow[])[];
} {
  const agent = createFakeAgent();
  const written: (readonly NativeTranscriptRow[])[] = [];
  return {
    written,
    agent: {
      ...agent,
      importer: {
        copy: () => Promise.reject(new Error("Nothing is copied here.")),
        write(rows, { id }) {
          written.push(rows);
          agent.files.set(id, { rows: [] });
          return Promise.resolve({ kept: { rows: rows.length }, dropped: {}, lines: 0 });
        },
      },
    },
  };
}
