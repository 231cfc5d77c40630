import { fileURLToPath } from "node:url";
import { createFold, type Client, type ConnectionOptions } from "@skein/runtime/client";
import type { z } from "zod";
import { localServer } from "./connection.ts";

/** An example runs against any server, and says what it does. */
export type Example = (server: ConnectionOptions, say: (line: string) => void) => Promise<void>;

/** Runs it against the server of this machine when its file is what was started. */
export async function runIfStarted(file: string, example: Example): Promise<void> {
  if (process.argv[1] === fileURLToPath(file)) await example(await localServer(), console.log);
}

/** The rows of an event type of a stream, as soon as there are so many of them. */
export async function rowsOf<Row extends z.ZodType>(
  client: Client,
  path: string,
  { type, row, count }: { readonly type: string; readonly row: Row; readonly count: number },
): Promise<z.output<Row>[]> {
  const fold = createFold();
  for await (const { events } of client.followStream({ path, missingMs: 10_000 })) {
    fold.apply(events);
    const rows = [...fold.rows(type).entries()].map(({ value }) => row.safeParse(value));
    const fitting = rows.flatMap((one) => (one.success ? [one.data] : []));
    if (fitting.length >= count) return fitting;
  }
  throw new Error(`${path} has ended.`);
}
