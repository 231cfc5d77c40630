import { sessionIdOf } from "@skein/sessions";
import { SkeinError } from "@skein/protocol";
import type { ServerContext } from "../context.ts";
import { readBytes } from "../http/body.ts";
import { execute, type Plan } from "../records/execute.ts";
import { createSnapshot, load, type Snapshot } from "../records/snapshot.ts";
import type { ResourceAddress } from "./address.ts";
import { keepOperations, keptBefore, MAX_BLOB, named } from "./keep-blob.ts";

/**
 * A file that a person sends along, before the prompt that names it. It is kept like what agents keep: under its hash,
 * once, and as data.
 */
export async function uploadBlob(
  { store }: ServerContext,
  request: Request,
  address: ResourceAddress,
): Promise<Response> {
  const session = sessionIdOf(address.resource) ?? "";
  const look = async (): Promise<Snapshot> => {
    const snapshot = createSnapshot();
    await load(store, snapshot, [
      ["sessions", session],
      ["blobs", address.resource],
    ]);
    const found = snapshot.get("sessions", session)?.value;
    if (!found) throw new SkeinError("session_not_found", `There is no session ${session}.`);
    if (found.status === "killed") throw new SkeinError("entity_ended", "Nobody works on this session any more.");
    return snapshot;
  };
  // Before anything large is read, and again when it is written.
  await look();
  const given = named(address.stream, await readBytes(request, MAX_BLOB), request);
  const isNew = await execute(store, async (last): Promise<Plan<boolean>> => {
    if (keptBefore(last)) return { kind: "answer", answer: false };
    const operations = keepOperations(await look(), address, given);
    return { kind: "commit", operations, answer: () => true };
  });
  const sha256 = address.stream.slice(address.stream.lastIndexOf("/") + 1);
  return Response.json({ sha256, size: given.bytes.length }, { status: isNew ? 201 : 200 });
}
