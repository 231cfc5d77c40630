import { createConnection } from "../postgres/connect.ts";
import { checkAddress, explainRefusal } from "../postgres/describe.ts";
import { FORMAT } from "../postgres/schema.ts";
import type { StoreCheck } from "./check.ts";
import { digestContent } from "./digest.ts";
import { postgresContent } from "./postgres-content.ts";

/**
 * Looks at a store on PostgreSQL, also while servers run on it. Rejects when it cannot be reached; a full check reads
 * every message. A database in which there is no store yet has format 0.
 */
export async function checkPostgresStore(where: { readonly url: string; readonly full: boolean }): Promise<StoreCheck> {
  checkAddress(where.url);
  const client = createConnection(where);
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const there = await client.query<{ there: string | null }>("SELECT to_regclass('skein.format')::text AS there");
    if (there.rows[0]?.there == null) return { format: 0, streams: 0, records: 0, checked: 0, faults: [] };
    const { rows } = await client.query<{ format: number; streams: number; records: number; chunks: number }>(
      `SELECT format, (SELECT count(*)::integer FROM skein.streams) AS streams,
        (SELECT count(*)::integer FROM skein.records) AS records,
        (SELECT count(*)::integer FROM skein.chunks) AS chunks FROM skein.format`,
    );
    const { format = 0, streams = 0, records = 0, chunks = 0 } = rows[0] ?? {};
    const found = { format, streams, records, checked: 0 };
    if (format > FORMAT)
      return { ...found, faults: [`It was written by a newer version of Skein (format ${format}).`] };
    if (!where.full) return { ...found, faults: [] };
    try {
      return { ...found, checked: chunks, faults: [], content: await digestContent(postgresContent(client)) };
    } catch (error) {
      return { ...found, faults: [error instanceof Error ? error.message : String(error)] };
    }
  } catch (error) {
    throw explainRefusal(where.url, error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
