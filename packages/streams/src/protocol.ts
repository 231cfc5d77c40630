/**
 * The names of the Durable Streams protocol (headers, query parameters, control fields) and of our additions to it.
 */
export const HEADERS = {
  nextOffset: "stream-next-offset",
  upToDate: "stream-up-to-date",
  closed: "stream-closed",
  cursor: "stream-cursor",
  seq: "stream-seq",
  expectedOffset: "stream-expected-offset",
  ttl: "stream-ttl",
  expiresAt: "stream-expires-at",
  forkedFrom: "stream-forked-from",
  forkOffset: "stream-fork-offset",
  forkSubOffset: "stream-fork-sub-offset",
  sseEncoding: "stream-sse-data-encoding",
  producerId: "producer-id",
  producerEpoch: "producer-epoch",
  producerSeq: "producer-seq",
  producerExpectedSeq: "producer-expected-seq",
  producerReceivedSeq: "producer-received-seq",
  /** Ours: on reads from the end, pass it as `before` to get the page in front; absent at the stream's beginning. */
  beforeOffset: "stream-before-offset",
} as const;

/** What a browser script of another origin may read of a response, and may send. */
export const EXPOSED_HEADERS: readonly string[] = [
  HEADERS.nextOffset,
  HEADERS.upToDate,
  HEADERS.closed,
  HEADERS.cursor,
  HEADERS.ttl,
  HEADERS.expiresAt,
  HEADERS.sseEncoding,
  HEADERS.producerEpoch,
  HEADERS.producerSeq,
  HEADERS.producerExpectedSeq,
  HEADERS.producerReceivedSeq,
  HEADERS.beforeOffset,
  "etag",
  "location",
];

export const ACCEPTED_HEADERS: readonly string[] = [
  "content-type",
  "authorization",
  "if-none-match",
  HEADERS.seq,
  HEADERS.expectedOffset,
  HEADERS.closed,
  HEADERS.ttl,
  HEADERS.expiresAt,
  HEADERS.forkedFrom,
  HEADERS.forkOffset,
  HEADERS.forkSubOffset,
  HEADERS.producerId,
  HEADERS.producerEpoch,
  HEADERS.producerSeq,
];

export const METHODS = "GET, HEAD, PUT, POST, DELETE, OPTIONS";

export const DEFAULT_CONTENT_TYPE = "application/octet-stream";
