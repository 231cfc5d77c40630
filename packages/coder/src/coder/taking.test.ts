import { afterEach, expect, test } from "vitest";
import { createCoderLab } from "../testing/coder-lab.ts";
import type { CoderLab } from "../testing/coder-lab.ts";

let lab: CoderLab;
afterEach(() => lab.close());

test("[CD50] prompts behind the one that runs are edited, moved and taken back by anybody; that one is not", async () => {
  lab = await createCoderLab();
  await lab.startRunner();
  const view = await lab.spawn("s1");
  const { client } = lab;
  const running = await view.prompt("first");
  const first = await lab.agent.nextTurn();
  const [a, b, c, d] = [await view.prompt("a"), await view.prompt("b"), await view.prompt("c"), await view.prompt("d")];
  const edit = (key: string, text: string) => client.editMessage(view.url, key, { payload: { text }, type: "prompt" });
  await expect(edit(running, "too late")).rejects.toMatchObject({ code: "conflict" });
  await edit(b, "b, edited");
  await client.removeMessage(view.url, c);
  await client.editMessage(view.url, d, { before: a });
  first.end();
  const asked: string[] = [];
  for (const key of [d, a, b]) {
    const turn = await lab.agent.nextTurn();
    asked.push(turn.prompt);
    await expect(edit(key, "too late")).rejects.toMatchObject({ code: "conflict" });
    turn.end();
  }
  await view.idle(4);
  expect(asked).toEqual(["d", "a", "b, edited"]);
  const rows = view.rows.flatMap(({ payload }) => (payload.type === "user_message" ? [payload.text] : []));
  expect(rows).toEqual(["first", "d", "a", "b, edited"]);
  expect(lab.agent.turns()).toBe(4);
});
