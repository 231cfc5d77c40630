import type { PreparedOperation } from "../core/operation.ts";
import type { CommitOutcome, OperationResult, StreamInfo } from "../store.ts";

/**
 * Outcomes on their way from the writer's thread, as JSON: what the port does with objects costs the event loop more
 * than all else of a commit. Results of appends, which most are, go without names of fields and without their path.
 */
type Appended = Extract<OperationResult, { kind: "appended" }>;
type PackedAppend = readonly [start: number, info: Omit<StreamInfo, "path"> | PackedInfo];
type PackedInfo = readonly [id: number, contentType: string, head: number, createdAt: number];
type PackedOutcome = CommitOutcome | readonly (PackedAppend | OperationResult)[];

export function packOutcomes(outcomes: readonly CommitOutcome[]): string {
  return JSON.stringify(outcomes.map(packOutcome));
}

function packOutcome(outcome: CommitOutcome): PackedOutcome {
  if (outcome.kind === "rejected") return outcome;
  return outcome.results.map((result) => (result.kind === "appended" ? packAppend(result) : result));
}

function packAppend({ start, stream }: Appended): PackedAppend {
  const { path: _, ...info } = stream;
  return [start, isPlain(stream) ? [stream.id, stream.contentType, stream.head, stream.createdAt] : info];
}

/** An open, lasting stream that was not forked: everything else of it goes without saying. */
function isPlain({ closed, deleted, first, ephemeral, ttlSeconds, expiresAt, forkedFrom, streamSeq }: StreamInfo) {
  const marked = closed || deleted || ephemeral || first !== 0;
  return !marked && (ttlSeconds ?? expiresAt ?? forkedFrom ?? streamSeq) === undefined;
}

/** `commits`: what each outcome is of. */
export function unpackOutcomes(
  packed: string,
  commits: readonly (readonly PreparedOperation[])[],
): readonly CommitOutcome[] {
  const outcomes: readonly PackedOutcome[] = JSON.parse(packed);
  return outcomes.map((outcome, index): CommitOutcome => {
    if ("kind" in outcome) return outcome;
    const operations = commits[index];
    const results = outcome.map((result, at) => ("kind" in result ? result : unpackAppend(result, operations?.[at])));
    return { kind: "committed", results };
  });
}

function unpackAppend([start, info]: PackedAppend, operation: PreparedOperation | undefined): Appended {
  if (operation?.kind !== "append") throw new Error("The writer answered an append that nobody sent.");
  return { kind: "appended", start, stream: { path: operation.path, ...("id" in info ? info : unpackInfo(info)) } };
}

function unpackInfo([id, contentType, head, createdAt]: PackedInfo): Omit<StreamInfo, "path"> {
  return { id, contentType, head, createdAt, first: 0, closed: false, deleted: false, ephemeral: false };
}
