import { expect, test } from "vitest";
import { createHighlighter, type Port } from "./highlighter.ts";
import { languageOf, languageOfPath } from "./language-name.ts";
import { GRAMMAR_NAMES, grammarOf } from "./languages.ts";
import { cutRuns, pushRun, runLines, type HighlightAnswer, type HighlightRequest } from "./runs.ts";

/** A worker that answers when the test says so, and a clock that the test moves. */
function setUp() {
  const posted: HighlightRequest[] = [];
  const ends: number[] = [];
  const timers = new Set<() => void>();
  let answer: (answer: HighlightAnswer) => void = () => undefined;
  const highlighter = createHighlighter({
    start(onAnswer): Port {
      answer = onAnswer;
      return { post: (request) => posted.push(request), end: () => ends.push(posted.length) };
    },
    after(_, call) {
      timers.add(call);
      return () => timers.delete(call);
    },
  });
  const reply = (...runs: number[]): void => answer({ id: posted.at(-1)?.id ?? 0, runs: new Uint32Array(runs) });
  const tooLate = (): void => {
    const due = [...timers];
    for (const call of due) call();
  };
  return { highlighter, posted, ends, timers, reply, tooLate };
}

const staying = (): AbortSignal => new AbortController().signal;

test("[WB30] one text is coloured at a time, the last asked for first, and those that left not at all", async () => {
  const { highlighter, posted, reply, timers } = setUp();
  const gone = new AbortController();
  const first = highlighter.highlight("go", "first", staying());
  const left = highlighter.highlight("go", "left", gone.signal);
  const second = highlighter.highlight("go", "second", staying());
  const third = highlighter.highlight("go", "third", staying());
  gone.abort();
  reply(1, 5);
  expect(posted.at(-1)?.text).toBe("third");
  reply(2, 5);
  expect(posted.at(-1)?.text).toBe("second");
  reply();
  expect([...((await first) ?? [])]).toEqual([1, 5]);
  expect([...((await third) ?? [])]).toEqual([2, 5]);
  expect(await left).toBeUndefined();
  expect(await second).toHaveLength(0);
  expect(posted).toHaveLength(3);
  expect(timers.size).toBe(0);
  expect(highlighter.known("go", "first")).toBeDefined();
});

test("[WB30] a text that takes for ever ends its worker, stays plain, and the next one gets another worker", async () => {
  const { highlighter, posted, ends, reply, tooLate } = setUp();
  const evil = highlighter.highlight("js", "((((", staying());
  const next = highlighter.highlight("js", "ok", staying());
  tooLate();
  expect(await evil).toBeUndefined();
  expect(ends).toEqual([1]);
  reply(1, 2);
  expect(await next).toHaveLength(2);
  // It is remembered as plain: asking again does not cost another worker.
  expect(highlighter.known("js", "((((")).toHaveLength(0);
  expect(posted).toHaveLength(2);
});

test("[WB30] after too many lost workers, and beyond a size, text stays plain without a worker", async () => {
  const { highlighter, posted, tooLate } = setUp();
  expect(await highlighter.highlight("js", "x".repeat(200_000), staying())).toBeUndefined();
  for (let index = 0; index < 5; index++) {
    const lost = highlighter.highlight("js", `evil ${index}`, staying());
    tooLate();
    expect(await lost).toBeUndefined();
  }
  expect(await highlighter.highlight("js", "good", staying())).toBeUndefined();
  expect(posted).toHaveLength(5);
});

test("[WB30] runs colour exactly the text that is there, whatever a worker says", () => {
  const text = "ab\ncd";
  expect(cutRuns(text, new Uint32Array([1, 4, 0, 1]))).toEqual([
    { kind: "keyword", text: "ab\nc" },
    { kind: "plain", text: "d" },
  ]);
  expect(
    cutRuns(text, new Uint32Array([99, 1_000_000]))
      .map((run) => run.text)
      .join(""),
  ).toBe(text);
  expect(
    cutRuns(text, new Uint32Array([1]))
      .map((run) => run.text)
      .join(""),
  ).toBe(text);
  expect(runLines(cutRuns(text, new Uint32Array([1, 4])))).toEqual([
    [{ kind: "keyword", text: "ab" }],
    [
      { kind: "keyword", text: "c" },
      { kind: "plain", text: "d" },
    ],
  ]);
  const runs: number[] = [];
  for (const [kind, length] of [
    [1, 2],
    [1, 3],
    [0, 0],
    [2, 1],
  ] as const) {
    pushRun(runs, kind, length);
  }
  expect(runs).toEqual([1, 5, 2, 1]);
});

test("names of fences and files lead to languages that there is a grammar for", () => {
  for (const name of GRAMMAR_NAMES) expect(languageOf(name)).toBe(name);
  for (const alias of ["ts", "PY", "sh", "yml", "Dockerfile"]) expect(grammarOf(languageOf(alias) ?? "")).toBeDefined();
  expect(languageOf("constructor")).toBeUndefined();
  expect(grammarOf("constructor")).toBeUndefined();
  expect(languageOfPath("/a/b/Dockerfile.dev")).toBe("docker");
  expect(languageOfPath("src/main.rs")).toBe("rust");
  expect(languageOfPath("LICENSE")).toBeUndefined();
});
