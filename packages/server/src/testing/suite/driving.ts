import type { Claim } from "@skein/protocol";
import { CODER_RESOURCE_TAG, CODER_RUN_STATUS_EVENT, TRANSCRIPT_EVENT } from "@skein/sessions";
import { expect, test } from "vitest";
import { failure } from "../caller.ts";
import { declared, row, type Fixture } from "../fixture.ts";

const RESOURCE = "coder-session/s1";
const SESSION = `/_skein/shared-state/${RESOURCE}`;

/** Spawns a coder of the session, on a runner that serves its type only, and claims it. */
async function coder(fixture: Fixture, name: string): Promise<Claim> {
  await fixture.runner(`r-${name}`, [name]);
  await fixture.spawn(`/${name}/1`, { tags: { [CODER_RESOURCE_TAG]: RESOURCE } });
  return fixture.claim(`r-${name}`);
}

const url = (name: string): string => `/${name}/1`;
const say = (key: string, type = "user_message", payload: object = { text: key }) =>
  row(TRANSCRIPT_EVENT, key, { key, ts: 1, type, payload: { v: 1, type, ...payload } });

/** An empty write: the driver lease and nothing else. */
function drive(held: Claim, ...events: ReturnType<typeof row>[]) {
  const own = { stream: `${held.entity.url}/main`, events: [declared(RESOURCE)] };
  return [own, { stream: SESSION, create: true, events }];
}

async function refusedDrive(fixture: Fixture, held: Claim, seq = 1): Promise<void> {
  const answer = await fixture.commit(held, { seq, writes: drive(held) });
  expect(failure(answer)).toMatchObject({ status: 409, code: "session_in_use" });
}

async function isOffered(fixture: Fixture, name: string): Promise<boolean> {
  const answer = await fixture.poll(`r-${name}`);
  return answer.status === 200;
}

const keysOf = async (fixture: Fixture): Promise<string[]> => (await fixture.events(SESSION)).map(({ key }) => key);

/** In the middle of a turn: its prompt is there, a permission is asked for. */
async function inTurn(fixture: Fixture, held: Claim, seq: number): Promise<void> {
  const status = {
    key: "current",
    status: "waiting",
    currentPrompt: "inbox-1",
    promptRow: "prompt-1",
    runId: "run-1",
    pending: [{ requestId: "p1", kind: "permission" }],
  };
  const request = { requestId: "p1", tool: "terminal", input: {} };
  await fixture.committed(held, {
    seq,
    writes: [
      { stream: `${held.entity.url}/main`, events: [row(CODER_RUN_STATUS_EVENT, "current", status)] },
      { stream: SESSION, events: [say("prompt-1"), say("permission:p1", "permission_request", request)] },
    ],
  });
}

export function drivingRules(on: () => Fixture): void {
  test("[DL1] one of two that want to drive at once gets it; every write of the other is refused and names the driver", async () => {
    const fixture = on();
    const [a, b] = [await coder(fixture, "a"), await coder(fixture, "b")];
    const answers = await Promise.all(
      [a, b].map((held) => fixture.commit(held, { seq: 1, writes: drive(held, say(held.entity.url)) })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    const loser = answers[0]?.status === 409 ? a : b;
    const winner = loser === a ? b : a;
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      error: { code: "session_in_use", details: { driver: winner.entity.url } },
    });
    expect(await keysOf(fixture)).toEqual([winner.entity.url]);
    const native = { stream: `${SESSION}/native`, create: true, events: [row("n", "n", {})] };
    const own = { stream: `${loser.entity.url}/main`, events: [declared(RESOURCE)] };
    expect(failure(await fixture.commit(loser, { seq: 1, writes: [own, native] })).code).toBe("session_in_use");
  });

  test("[DL2] the lease changes hands with a row that says so, in front of what the new driver writes, once", async () => {
    const fixture = on();
    const a = await coder(fixture, "a");
    await fixture.committed(a, { seq: 1, writes: drive(a, say("one")) });
    await fixture.finish(a, 2);
    const b = await coder(fixture, "b");
    await fixture.committed(b, { seq: 1, writes: drive(b) });
    await fixture.committed(b, { seq: 2, writes: drive(b, say("two")) });
    expect(await keysOf(fixture)).toEqual(["one", "takeover:s1:1", "two"]);
    const [, takeover] = await fixture.events(SESSION);
    expect(takeover?.value).toMatchObject({ payload: { type: "takeover", from: url("a"), to: url("b") } });
    const { body } = await fixture.call("GET", "/_skein/sessions/s1");
    expect(body).toMatchObject({ coder: url("b") });
  });

  test("[DL3] who finds another driving waits, is offered when that one ends and not before, in the order of asking", async () => {
    const fixture = on();
    const [a, b, c] = [await coder(fixture, "a"), await coder(fixture, "b"), await coder(fixture, "c")];
    await fixture.committed(a, { seq: 1, writes: drive(a) });
    await refusedDrive(fixture, b);
    await fixture.finish(b);
    await refusedDrive(fixture, c);
    await fixture.finish(c);
    await fixture.send(url("b"), { payload: "more" });
    expect([await isOffered(fixture, "b"), await isOffered(fixture, "c")]).toEqual([false, false]);
    await fixture.finish(a, 2);
    expect(await isOffered(fixture, "c")).toBe(false);
    const again = await fixture.claim("r-b");
    await fixture.committed(again, { seq: 1, writes: drive(again) });
    await fixture.finish(again, 2);
    await fixture.claim("r-c");
  });

  test("[DL3] one whose driver ended between the refusal and its own end is offered again at once", async () => {
    const fixture = on();
    const [a, b] = [await coder(fixture, "a"), await coder(fixture, "b")];
    await fixture.committed(a, { seq: 1, writes: drive(a) });
    await refusedDrive(fixture, b);
    await fixture.finish(a, 2);
    expect((await fixture.finish(b)).more).toBe(true);
    await fixture.claim("r-b");
  });

  test("[DL4] a driver that is lost, or killed, keeps nobody waiting; its open turn is closed by who takes over", async () => {
    const fixture = on();
    const [a, b] = [await coder(fixture, "a"), await coder(fixture, "b")];
    await fixture.committed(a, { seq: 1, writes: drive(a) });
    await inTurn(fixture, a, 2);
    await refusedDrive(fixture, b);
    await fixture.finish(b);
    fixture.advance(a.leaseMs - 1);
    await fixture.call("POST", `${url("a")}/claim/heartbeat`, { claimId: a.claimId, generation: a.generation });
    fixture.advance(1);
    expect(await isOffered(fixture, "b")).toBe(false);
    fixture.advance(a.leaseMs);
    const again = await fixture.claim("r-b");
    await fixture.committed(again, { seq: 1, writes: drive(again, say("b")) });
    expect(await keysOf(fixture)).toEqual([
      "prompt-1",
      "permission:p1",
      "permission:p1:response",
      "prompt-1:end",
      "takeover:s1:1",
      "b",
    ]);
    const c = await coder(fixture, "c");
    await refusedDrive(fixture, c);
    await fixture.finish(c);
    await fixture.call("DELETE", url("b"));
    const last = await fixture.claim("r-c");
    await fixture.committed(last, { seq: 1, writes: drive(last) });
  });

  test("[DL5] a person's take-over ends the driver's turn where it is: nothing of it comes after the row that says so", async () => {
    const fixture = on();
    const [a, b] = [await coder(fixture, "a"), await coder(fixture, "b")];
    await fixture.committed(a, { seq: 1, writes: drive(a) });
    await inTurn(fixture, a, 2);
    await refusedDrive(fixture, b);
    await fixture.finish(b);
    const c = await coder(fixture, "c");
    await refusedDrive(fixture, c);
    await fixture.finish(c);
    const answer = await fixture.call("POST", `${url("b")}/take-over`);
    expect(answer.status).toBe(200);
    const late = await fixture.commit(a, { seq: 3, writes: drive(a, say("late")) });
    expect(failure(late).code).toBe("fenced");
    expect((await fixture.events(`${url("a")}/main`)).at(-1)).toMatchObject({
      type: "signal",
      value: { signal: "interrupt", from: "user:test", reason: "taken over by /b/1" },
    });
    // Kept for it until it comes: neither the old driver nor another gets in between.
    expect([await isOffered(fixture, "a"), await isOffered(fixture, "c")]).toEqual([false, false]);
    const d = await coder(fixture, "d");
    await refusedDrive(fixture, d);
    const now = await fixture.claim("r-b");
    await fixture.committed(now, { seq: 1, writes: drive(now, say("b")) });
    await fixture.finish(now, 2);
    const rows = await fixture.events(SESSION);
    expect(rows.map(({ key }) => key)).toEqual([
      "prompt-1",
      "permission:p1",
      "permission:p1:response",
      "prompt-1:end",
      "takeover:s1:1",
      "b",
    ]);
    expect(rows[3]?.value).toMatchObject({ actor: "user:test", payload: { reason: "taken over by /b/1" } });
    await fixture.claim("r-c");
  });

  test("[DL5] a take-over of one's own session changes nothing; of none at all it is refused", async () => {
    const fixture = on();
    const a = await coder(fixture, "a");
    expect(failure(await fixture.call("POST", `${url("a")}/take-over`)).code).toBe("not_found");
    await fixture.committed(a, { seq: 1, writes: drive(a) });
    const before = await fixture.dump();
    expect((await fixture.call("POST", `${url("a")}/take-over`)).status).toBe(200);
    expect(await fixture.dump()).toEqual(before);
    expect(failure(await fixture.call("POST", "/a/none/take-over")).code).toBe("not_found");
  });
}
