import type { Operation } from "../store.ts";
import type { Verdict } from "./decide.ts";
import type { Draft } from "./draft.ts";
import type { PreparedOperation } from "./operation.ts";

type Put = Extract<PreparedOperation, { kind: "put-record" }>;
type Delete = Extract<Operation, { kind: "delete-record" }>;
type Check = Extract<Operation, { kind: "check-record" }>;

export function putRecord(operation: Put, draft: Draft): Verdict {
  const mismatch = compareVersion(operation, draft);
  if (mismatch) return mismatch;
  const { collection, id, json } = operation;
  const version = (draft.record(collection, id)?.version ?? 0) + 1;
  draft.putRecord(collection, id, { version, json });
  return { kind: "accepted", result: { kind: "record", version } };
}

export function deleteRecord(operation: Delete, draft: Draft): Verdict {
  const mismatch = compareVersion(operation, draft);
  if (mismatch) return mismatch;
  const { collection, id } = operation;
  if (draft.record(collection, id)) draft.putRecord(collection, id, null);
  return { kind: "accepted", result: { kind: "done" } };
}

export function checkRecord(operation: Check, draft: Draft): Verdict {
  return compareVersion(operation, draft) ?? { kind: "accepted", result: { kind: "done" } };
}

function compareVersion(
  { collection, id, expectedVersion }: { collection: string; id: string; expectedVersion?: number },
  draft: Draft,
): Verdict | undefined {
  if (expectedVersion === undefined) return undefined;
  const version = draft.record(collection, id)?.version ?? 0;
  if (version === expectedVersion) return undefined;
  return { kind: "refused", reason: { kind: "version-mismatch", collection, id, version } };
}
