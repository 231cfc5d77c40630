import type { Chunk } from "../core/chunks.ts";
import type { SqlRow } from "./driver.ts";
import { bytes, integer } from "./driver.ts";

export function chunkOf(row: SqlRow): Chunk {
  return {
    start: integer(row["start"]),
    count: integer(row["count"]),
    crc: integer(row["crc"]),
    body: bytes(row["body"]),
  };
}
