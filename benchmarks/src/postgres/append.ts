import { findPostgres, startPostgres } from "@skein/store/testing";
import { Client } from "pg";
import { line, type Benchmark, type Line } from "../benchmark.ts";
import { message } from "../load/streams.ts";
import { spawnServer } from "../servers/spawn-server.ts";
import { median, percentile } from "../statistics.ts";
import { measure, type Round } from "../streams/append.ts";

/** Appends over HTTP on PostgreSQL, beside what the database does by itself: one INSERT per transaction and connection. */
const CASES = [
  { writers: 1, streams: 1 },
  { writers: 16, streams: 1 },
  { writers: 100, streams: 100 },
] as const;
/** The database's own connections are its limit: 100 writers insert over so many. */
const MOST_CONNECTIONS = 40;
const ROUNDS = 3;
const ROUND_MS = 1500;

export const postgresAppend: Benchmark = {
  name: "postgres",
  about: "appends on PostgreSQL at 1, 16 and 100 writers, beside raw inserts",
  async run(context) {
    const bin = await findPostgres();
    if (bin === undefined) {
      context.progress("postgres: left out, PostgreSQL is not installed (apt-get install postgresql)");
      return [];
    }
    const cluster = await startPostgres(bin);
    context.defer(() => cluster.stop());
    const ours = await spawnServer(context, "ours-postgres", await cluster.createDatabase());
    const raw = await cluster.createDatabase();
    const lines: Line[] = [];
    for (const { writers, streams } of CASES) {
      const rounds: { ours: Round[]; raw: Round[] } = { ours: [], raw: [] };
      for (let round = 0; round < ROUNDS; round++) {
        context.progress(`postgres, ${writers} writers, round ${round + 1} of ${ROUNDS}`);
        rounds.ours.push(await measure(ours, `o${round}`, writers, streams));
        rounds.raw.push(await insert(raw, Math.min(writers, MOST_CONNECTIONS)));
      }
      const name = `PostgreSQL, ${writers} ${writers === 1 ? "writer" : "writers"}`;
      const of = (side: readonly Round[], pick: (round: Round) => number) => median(side.map(pick));
      const insertsOver = Math.min(writers, MOST_CONNECTIONS);
      const rate = of(rounds.raw, ({ perSecond }) => perSecond).toFixed(0);
      const p50 = of(rounds.raw, (round) => round.p50).toPrecision(3);
      lines.push(
        line(
          name,
          "appends/s",
          { ours: of(rounds.ours, ({ perSecond }) => perSecond) },
          `raw inserts over ${insertsOver} connections: ${rate}/s, p50 ${p50} ms`,
        ),
        line(`${name}, p50`, "ms", { ours: of(rounds.ours, (round) => round.p50) }),
        line(`${name}, p99`, "ms", { ours: of(rounds.ours, (round) => round.p99) }),
      );
    }
    return lines;
  },
};

async function insert(url: string, connections: number): Promise<Round> {
  const clients = Array.from({ length: connections }, () => new Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  await clients[0]?.query("CREATE TABLE IF NOT EXISTS log (id bigserial PRIMARY KEY, body text NOT NULL)");
  const latencies: number[] = [];
  const end = performance.now() + ROUND_MS;
  const insertOne = { name: "insert", text: "INSERT INTO log (body) VALUES ($1)", values: [message(0)] };
  await Promise.all(
    clients.map(async (client) => {
      for (let sent = performance.now(); sent < end;) {
        await client.query(insertOne);
        const now = performance.now();
        latencies.push(now - sent);
        sent = now;
      }
    }),
  );
  await Promise.all(clients.map((client) => client.end()));
  const perSecond = (latencies.length / ROUND_MS) * 1000;
  return { perSecond, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}
