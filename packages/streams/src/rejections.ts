import type { Rejection } from "@skein/store";
import { HEADERS } from "./protocol.ts";
import { empty, refuse, tailHeaders } from "./responses.ts";

/**
 * What the store refused, as the protocol says it.
 */
export function rejectionResponse(reason: Rejection): Response {
  switch (reason.kind) {
    case "stream-not-found":
      return refuse("not_found", "There is no such stream.");
    case "stream-gone":
      return refuse("stream_gone", "The stream was deleted; only its forks are left.");
    case "stream-exists":
      return refuse("stream_exists", "There is a stream of another configuration here.", tailHeaders(reason.stream));
    case "stream-closed":
      return refuse("stream_closed", "The stream is closed.", tailHeaders(reason.stream));
    case "content-type-mismatch":
      return refuse("conflict", `The stream's content type is ${reason.stream.contentType}.`);
    case "head-mismatch":
      return refuse("conflict", "The stream has moved on from the expected offset.", tailHeaders(reason.stream));
    case "position-out-of-range":
      return refuse("invalid_request", "The offset is outside of the stream.");
    case "stream-seq-regressed":
      return refuse("conflict", `Stream-Seq has to be above ${JSON.stringify(reason.current)}.`);
    case "producer-duplicate":
      return empty(204, {
        ...tailHeaders(reason.stream),
        [HEADERS.producerEpoch]: String(reason.epoch),
        [HEADERS.producerSeq]: String(reason.seq),
      });
    case "producer-fenced":
      return refuse("fenced", "A newer epoch of this producer has written.", {
        [HEADERS.producerEpoch]: String(reason.epoch),
      });
    case "producer-gap":
      return refuse("conflict", "A sequence number in between is missing.", {
        [HEADERS.producerExpectedSeq]: String(reason.expected),
        [HEADERS.producerReceivedSeq]: String(reason.received),
      });
    case "producer-epoch-start":
      return refuse("invalid_request", "A new epoch begins at sequence 0.");
    case "version-mismatch":
      return refuse("conflict", "A record changed in the meantime.");
  }
}
