import { createHash } from "node:crypto";
import { sessionBlob } from "@skein/sessions";
import type { Blob, TranscriptEvent } from "@skein/sessions";
import { expect, onTestFinished, test } from "vitest";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";
import { createBlobKeeper } from "./blob-keeper.ts";

async function lab(): Promise<CoderLab> {
  const made = await createCoderLab();
  onTestFinished(() => made.close());
  return made;
}

function blobOf(content: string, mime = "text/plain; charset=utf-8"): Blob {
  const bytes = new TextEncoder().encode(content);
  return { sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, mime, bytes };
}

const resultOf = (callId: string, { sha256, size }: Blob): TranscriptEvent => ({
  v: 1,
  type: "tool_result",
  callId,
  output: "the ends of it",
  isError: false,
  blob: { sha256, size },
});

async function read(lab: CoderLab, session: string, blob: Blob): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${lab.server.token}` };
  const url = lab.server.url + sessionBlob(session, blob.sha256);
  const response = await lab.server.fetch(new Request(url, { headers }));
  return { status: response.status, text: await response.text() };
}

test("[CD32] what a row only shows the ends of is kept before the row, in a turn and in a history", async () => {
  const made = await lab();
  const large = blobOf("large ".repeat(50_000));
  const picture = blobOf("not quite a picture", "image/png");
  const old = blobOf("from the history");
  const rows = [{ key: "old", ts: 1, type: "tool_result", payload: resultOf("c0", old) }];
  made.agent.files.set("native-1", { rows, blobs: [blobOf("named by no row"), old] });
  const puts: string[] = [];
  made.intercept(async (request, next) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/claim/blob")) puts.push("blob");
    if (pathname.endsWith("/claim/commit") && (await request.clone().text()).includes('"sha256"')) puts.push("row");
    return next(request);
  });
  await made.startRunner();
  const session = await made.spawn("s", { nativeSessionId: "native-1" });
  await session.prompt("go");
  const turn = await made.agent.nextTurn();
  turn.push({ kind: "blob", blob: large });
  turn.push({ kind: "blob", blob: picture });
  turn.row("r1", resultOf("c1", large));
  turn.row("r2", {
    v: 1,
    type: "tool_result",
    callId: "c2",
    output: "",
    isError: false,
    attachments: [{ kind: "image", mime: "image/png", blob: { sha256: picture.sha256, size: picture.size } }],
  });
  turn.end();
  await session.idle(1);
  for (const blob of [large, picture, old]) {
    expect(await read(made, "s", blob)).toEqual({ status: 200, text: new TextDecoder().decode(blob.bytes) });
  }
  expect((await read(made, "s", blobOf("named by no row"))).status).toBe(404);
  expect(puts.filter((what) => what === "blob")).toHaveLength(3);
  expect(puts.indexOf("blob")).toBeLessThan(puts.indexOf("row"));
});

test("[CD32] a blob that is refused costs its row nothing", async () => {
  const made = await lab();
  made.intercept((request, next) =>
    new URL(request.url).pathname.endsWith("/claim/blob")
      ? Promise.resolve(Response.json({ error: { code: "too_large", message: "too large" } }, { status: 413 }))
      : next(request),
  );
  await made.startRunner();
  const session = await made.spawn("s");
  await session.prompt("go");
  const turn = await made.agent.nextTurn();
  const large = blobOf("large");
  turn.push({ kind: "blob", blob: large });
  turn.row("r1", resultOf("c1", large));
  turn.end();
  await session.idle(1);
  expect(session.types()).toContain("tool_result");
});

test("[CD32] blobs that no row names do not pile up", async () => {
  const put: string[] = [];
  const log = () => undefined;
  const keeper = createBlobKeeper({ put: async ({ sha256 }) => void put.push(sha256), log });
  const size = 30 * 1024 * 1024;
  const blob = (sha256: string): Blob => ({ sha256, size, mime: "x/y", bytes: new Uint8Array() });
  for (const name of ["a", "b", "c"]) keeper.add(blob(name));
  await keeper.keep([{ payload: resultOf("1", blob("a")) }, { payload: resultOf("2", blob("c")) }]);
  expect(put).toEqual(["c"]);
});
