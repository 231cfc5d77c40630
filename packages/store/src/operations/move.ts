import type pg from "pg";
import { writeFile } from "node:fs/promises";
import { SkeinError } from "@skein/protocol";
import { createConnection } from "../postgres/connect.ts";
import { checkAddress, describeAddress, explainRefusal } from "../postgres/describe.ts";
import { prepareDatabase } from "../postgres/schema.ts";
import { storeFiles } from "../sqlite/files.ts";
import { refuseMoved } from "../sqlite/moved.ts";
import type { StoreContent } from "./content.ts";
import { digestContent, type ContentDigest } from "./digest.ts";
import { atOneMoment, openForReading, requireStore, withLock } from "./embedded.ts";
import { postgresContent } from "./postgres-content.ts";
import { sqliteContent } from "./sqlite-content.ts";
import { writeContent } from "./write-postgres.ts";

export interface Moved {
  readonly to: string;
  /** The same on both sides. */
  readonly content: ContentDigest;
}

export interface MoveOptions {
  readonly folder: string;
  readonly url: string;
  readonly onProgress?: (step: { readonly doing: "reading" | "writing" | "comparing"; readonly bytes: number }) => void;
}

/**
 * Moves an embedded store to an empty PostgreSQL. One transaction there, which ends only when both sides have the same
 * digest: interrupted at any moment, the target is as empty as it was, and the move can be done again. The source is
 * left as it is, with a mark that keeps a server from going on with it by mistake.
 * Refuses while a server runs on either side and when anything is in the target.
 */
export async function moveToPostgres({ folder, url, onProgress = () => {} }: MoveOptions): Promise<Moved> {
  checkAddress(url);
  const file = requireStore(folder);
  return withLock(folder, async () => {
    refuseMoved(folder);
    const source = await openForReading(file);
    const client = createConnection({ url });
    // A connection that is lost fails the query that is on its way, and that is where it is met.
    client.on("error", () => undefined);
    try {
      await connect(client, url);
      const content = await atOneMoment(source, () => copy(sqliteContent(source), client, url, onProgress));
      await markMoved(folder, describeAddress(url));
      return { to: describeAddress(url), content };
    } finally {
      source.close();
      await client.end().catch(() => undefined);
    }
  });
}

async function copy(
  source: StoreContent,
  client: pg.Client,
  url: string,
  onProgress: NonNullable<MoveOptions["onProgress"]>,
): Promise<ContentDigest> {
  onProgress({ doing: "reading", bytes: 0 });
  const content = await digestContent(source);
  await prepareDatabase(client, {});
  await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
  await refuseOccupied(client, url);
  let bytes = 0;
  await writeContent(client, source, (more) => onProgress({ doing: "writing", bytes: (bytes += more) }));
  onProgress({ doing: "comparing", bytes });
  const arrived = await digestContent(postgresContent(client));
  if (arrived.digest !== content.digest)
    throw new SkeinError("internal", "What arrived is not what was sent; nothing was changed on either side.");
  await client.query("COMMIT");
  return content;
}

async function connect(client: pg.Client, url: string): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    throw explainRefusal(url, error);
  }
}

/** Nobody else writes there from here on, and nothing was there before. */
async function refuseOccupied(client: pg.ClientBase, url: string): Promise<void> {
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(*)::integer AS n FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'skein' AND pid <> pg_backend_pid()`,
  );
  if ((rows[0]?.n ?? 0) > 0)
    throw new SkeinError("conflict", `A server runs on the database ${describeAddress(url)}. Stop it first.`);
  await client.query("LOCK TABLE skein.streams, skein.records, skein.indexes IN EXCLUSIVE MODE");
  const held = await client.query("SELECT 1 FROM skein.streams UNION ALL SELECT 1 FROM skein.records LIMIT 1");
  if (held.rows.length > 0)
    throw new SkeinError("conflict", `The database ${describeAddress(url)} is not empty. Choose another.`);
  // Built anew by the first server, from the records that are there then.
  await client.query("DELETE FROM skein.entries");
  await client.query("DELETE FROM skein.indexes");
  // What streams deleted earlier left behind: ids begin anew.
  await client.query("DELETE FROM skein.chunks");
  await client.query("DELETE FROM skein.producers");
  await client.query("DELETE FROM skein.garbage");
}

async function markMoved(folder: string, to: string): Promise<void> {
  await writeFile(storeFiles(folder).moved, `${to}\n`, { mode: 0o600 });
}
