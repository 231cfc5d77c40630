import { expect, test } from "vitest";
import { judgeAgent, judgeDisk, judgeHome, judgeNode, judgeStore, judgeWebApp } from "./judge.ts";

const check = { format: 1, streams: 2, records: 3, checked: 4, faults: [] };
const content = { streams: 2, messages: 9, producers: 0, records: 3, bytes: 10, digest: "d" };

test("[CL60] figures become ok, warn or fail, and whatever is not ok says what to do", () => {
  const judged = [
    judgeNode("20.19.0"),
    judgeNode("22.1.0"),
    judgeNode("18.20.0"),
    judgeDisk(5e9, "/h"),
    judgeDisk(5e8, "/h"),
    judgeDisk(5e7, "/h"),
    judgeHome("/h", { writable: true, open: [] }),
    judgeHome("/h", { writable: true, open: ["/h/token"] }),
    judgeHome("/h", { writable: false, open: [] }),
    judgeStore(check, "/h", 10),
    judgeStore({ ...check, content }, "/h", undefined),
    judgeStore({ ...check, format: 0 }, "/h", undefined),
    judgeStore({ ...check, faults: ["it is torn."] }, "/h", 10),
    judgeAgent({ agent: "claude", installed: true, version: "2.1.0" }),
    judgeAgent({ agent: "claude", installed: true, signedIn: false }),
    judgeAgent({ agent: "claude", installed: false }),
    judgeWebApp(true),
    judgeWebApp(false),
  ];
  expect(judged.map(({ status }) => status).join(" ")).toBe(
    "ok ok fail ok warn fail ok warn fail ok ok ok fail ok warn warn ok warn",
  );
  for (const { status, advice } of judged) expect(advice === undefined).toBe(status === "ok");
  expect(judged[9]?.message).toContain("4 chunks of messages looked at");
  expect(judged[10]?.message).toContain("all 9 messages read");
});
