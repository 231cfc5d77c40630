import { expect, test } from "vitest";
import { moveHistory, startHistory } from "./prompt-history.ts";

test("[WB15] arrow-up leads to older prompts, arrow-down back to what was being typed", () => {
  const start = startHistory(["first", "again", "again", "last"], "typed");
  const one = moveHistory(start, 1);
  const two = one && moveHistory(one.history, 1);
  const three = two && moveHistory(two.history, 1);
  expect([one?.text, two?.text, three?.text]).toEqual(["last", "again", "first"]);
  expect(three && moveHistory(three.history, 1)).toBeUndefined();
  const back = one && moveHistory(one.history, -1);
  expect(back?.text).toBe("typed");
  expect(back && moveHistory(back.history, -1)).toBeUndefined();
});
