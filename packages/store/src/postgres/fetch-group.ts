import type pg from "pg";
import { z } from "zod";
import { readStreamRow } from "./stream-rows.ts";
import type { Fetched } from "./group-state.ts";
import { producerKey, recordKey } from "./group-state.ts";
import type { Needs } from "./needs.ts";

/** All that a group needs in one round trip: a kind and the row as JSON. */
const FETCH = `
SELECT 'now' AS kind, to_json(floor(extract(epoch FROM clock_timestamp()) * 1000)) AS row
UNION ALL SELECT 'stream', to_json(s) FROM skein.streams s WHERE s.path = ANY($1::text[])
UNION ALL SELECT 'stream', to_json(s) FROM skein.live_streams s WHERE s.path = ANY($1::text[])
UNION ALL SELECT 'producer', to_json(p) FROM unnest($2::text[], $3::text[]) AS n(path, producer)
  JOIN skein.streams s ON s.path = n.path JOIN skein.producers p ON p.stream = s.id AND p.producer = n.producer
UNION ALL SELECT 'producer', to_json(p) FROM unnest($2::text[], $3::text[]) AS n(path, producer)
  JOIN skein.live_streams s ON s.path = n.path JOIN skein.live_producers p ON p.stream = s.id AND p.producer = n.producer
UNION ALL SELECT 'record', to_json(r) FROM unnest($4::text[], $5::text[]) AS n(collection, id)
  JOIN skein.records r ON r.collection = n.collection AND r.id = n.id
UNION ALL SELECT 'size', json_build_object('stream', c.stream, 'start', c.start, 'bytes', octet_length(c.body))
  FROM skein.live_chunks c WHERE c.stream = ANY($6::bigint[])
UNION ALL SELECT 'id', to_json(nextval('skein.stream_ids')) FROM generate_series(1, $7::integer)`;

const fetchedRow = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("now"), row: z.number() }),
  z.object({ kind: z.literal("stream"), row: z.unknown() }),
  z.object({
    kind: z.literal("producer"),
    row: z.object({ stream: z.number(), producer: z.string(), epoch: z.number(), seq: z.number() }),
  }),
  z.object({
    kind: z.literal("record"),
    row: z.object({ collection: z.string(), id: z.string(), version: z.number(), json: z.string() }),
  }),
  z.object({ kind: z.literal("size"), row: z.object({ stream: z.number(), start: z.number(), bytes: z.number() }) }),
  z.object({ kind: z.literal("id"), row: z.number() }),
]);

/** The caller holds the locks of everything named in `needs`. */
export async function fetchGroup(client: pg.ClientBase, needs: Needs): Promise<Fetched> {
  const producers = pairs(needs.producers);
  const records = pairs(needs.records);
  const { rows } = await client.query<{ kind: string; row: unknown }>({
    name: "skein-fetch",
    text: FETCH,
    values: [
      [...needs.streams],
      producers.map(([path]) => path),
      producers.map(([, id]) => id),
      records.map(([collection]) => collection),
      records.map(([, id]) => id),
      [...needs.sizes],
      needs.newStreams,
    ],
  });
  return gather(rows, needs);
}

function pairs(sets: ReadonlyMap<string, ReadonlySet<string>>): [string, string][] {
  return [...sets].flatMap(([name, values]) => [...values].map((value): [string, string] => [name, value]));
}

function gather(rows: readonly unknown[], needs: Needs): Fetched {
  let now = 0;
  const streams = new Map();
  const producers = new Map();
  const records = new Map();
  const sizes = new Map([...needs.sizes].map((id) => [id, new Map<number, number>()]));
  const streamIds: number[] = [];
  for (const found of rows) {
    const { kind, row } = fetchedRow.parse(found);
    switch (kind) {
      case "now":
        now = row;
        break;
      case "stream": {
        const stream = readStreamRow(row);
        streams.set(stream.path, stream);
        break;
      }
      case "producer":
        producers.set(producerKey(row.stream, row.producer), { epoch: row.epoch, seq: row.seq });
        break;
      case "record":
        records.set(recordKey(row.collection, row.id), { version: row.version, json: row.json });
        break;
      case "size":
        sizes.get(row.stream)?.set(row.start, row.bytes);
        break;
      case "id":
        streamIds.push(row);
        break;
    }
  }
  return { now, streams, producers, records, sizes, streamIds };
}
