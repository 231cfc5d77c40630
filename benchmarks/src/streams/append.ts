import { line, type Benchmark, type Figures, type Line } from "../benchmark.ts";
import { appendRequest, Connection } from "../load/connection.ts";
import { createStream, message } from "../load/streams.ts";
import { spawnField, type ServerProcess } from "../servers/spawn-server.ts";
import { median, percentile } from "../statistics.ts";

/**
 * Durable appends of one message of about 300 bytes: each writer sends its next when the last is acknowledged.
 */
const CASES = [
  { writers: 1, streams: 1 },
  { writers: 16, streams: 1 },
  { writers: 100, streams: 100 },
] as const;

const ROUNDS = 3;
const ROUND_MS = 1200;
const WARM_UP_MS = 300;

export interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

export const append: Benchmark = {
  name: "append",
  about: "durable appends over HTTP, 1, 16 and 100 concurrent writers",
  async run(context) {
    const lines: Line[] = [];
    for (const { writers, streams } of CASES) {
      const { ours, peer, floor } = await spawnField(context);
      const rounds: Record<"ours" | "peer" | "floor", Round[]> = { ours: [], peer: [], floor: [] };
      for (let round = 0; round < ROUNDS; round++) {
        context.progress(`append, ${writers} writers, round ${round + 1} of ${ROUNDS}`);
        rounds.ours.push(await measure(ours, `o${round}`, writers, streams));
        rounds.peer.push(await measure(peer, `p${round}`, writers, streams));
        rounds.floor.push(await measure(floor, `f${round}`, writers, streams));
      }
      const of = (of: readonly Round[], pick: (round: Round) => number) => median(of.map(pick));
      const name = `append, ${writers} ${writers === 1 ? "writer" : "writers"} on ${streams === 1 ? "1 stream" : `${streams} streams`}`;
      const per = (pick: (round: Round) => number): Figures => ({
        ours: of(rounds.ours, pick),
        peer: of(rounds.peer, pick),
        floor: of(rounds.floor, pick),
      });
      lines.push(
        line(
          name,
          "appends/s",
          per(({ perSecond }) => perSecond),
        ),
        line(
          `${name}, p50`,
          "ms",
          per(({ p50 }) => p50),
        ),
        line(
          `${name}, p99`,
          "ms",
          per(({ p99 }) => p99),
        ),
      );
    }
    return lines;
  },
};

export async function measure(
  { url }: Pick<ServerProcess, "url">,
  prefix: string,
  writers: number,
  streams: number,
): Promise<Round> {
  const paths = Array.from({ length: streams }, (_, n) => `/v1/stream/${prefix}-${writers}-${n}`);
  for (const path of paths) await createStream(url, path);
  const connections = await Promise.all(Array.from({ length: writers }, () => Connection.open(url)));
  const begin = performance.now() + WARM_UP_MS;
  const end = begin + ROUND_MS;
  const latencies: number[] = [];
  await Promise.all(
    connections.map(async (connection, writer) => {
      const request = appendRequest(url, paths[writer % paths.length] ?? "", message(writer));
      for (let sent = performance.now(); sent < end;) {
        const status = await connection.send(request);
        const now = performance.now();
        if (status !== 204) throw new Error(`An append was answered ${status}.`);
        if (sent >= begin && now <= end) latencies.push(now - sent);
        sent = now;
      }
    }),
  );
  for (const connection of connections) connection.close();
  return {
    perSecond: (latencies.length / ROUND_MS) * 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}
