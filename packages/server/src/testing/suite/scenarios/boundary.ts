import { expect, test } from "vitest";
import type { Fixture } from "../../fixture.ts";

const URL = "/agent/entity-1";

export function boundaryScenarios(on: () => Fixture): void {
  const spawned = async (): Promise<void> => {
    await on().runner("r", ["agent"]);
    await on().spawn(URL);
  };
  const as = async (authorization: string | undefined, path: string, body: unknown): Promise<number> => {
    const { server } = on();
    const headers = { "content-type": "application/json", ...(authorization !== undefined && { authorization }) };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await server.fetch(new Request(server.url + path, init));
    await response.text();
    return response.status;
  };
  const event = { type: "default", key: "1", value: { data: "should-fail" }, headers: { operation: "insert" } };
  const commit = { claimId: "none", generation: 1, seq: 1, writes: [{ stream: `${URL}/main`, events: [event] }] };

  test("[SC9] write to entity stream without token is rejected", async () => {
    await spawned();
    expect(await as(undefined, `${URL}/main`, event)).toBe(401);
    expect(await as(undefined, `${URL}/claim/commit`, commit)).toBe(401);
    expect((await on().events(`${URL}/main`)).map(({ type }) => type)).toEqual(["entity_created"]);
  });

  test("[SC9] write to entity stream with wrong token is rejected", async () => {
    await spawned();
    expect(await as("Bearer wrong-token", `${URL}/main`, event)).toBe(401);
    expect(await as("Bearer wrong-token", `${URL}/claim/commit`, commit)).toBe(401);
    // The right token is not enough: an entity's stream is written under its claim and in no other way.
    const right = `Bearer ${on().server.token}`;
    expect(await as(right, `${URL}/main`, event)).toBe(405);
    expect(await as(right, `${URL}/claim/commit`, commit)).toBe(409);
    expect((await on().events(`${URL}/main`)).map(({ type }) => type)).toEqual(["entity_created"]);
  });

  test("[SC9] tag update without token is rejected", async () => {
    await spawned();
    expect(await as(undefined, `${URL}/tags/key`, { value: "value" })).toBe(401);
    expect((await on().call("GET", URL)).body).toMatchObject({ tags: {} });
  });

  test("[SC9] GET entity does not leak write_token", async () => {
    const { call, claim } = on();
    await spawned();
    const { claimId } = await claim("r");
    for (const path of [URL, "/_skein/entities", "/_skein/runners", `${URL}/main?offset=-1`]) {
      const { status, body } = await call("GET", path);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain(claimId);
    }
    expect((await call("GET", URL)).body).not.toHaveProperty("write_token");
  });
}
