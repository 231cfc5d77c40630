import { normalise } from "./agents/normalise.ts";
import type { Benchmark } from "./benchmark.ts";
import { postgresAppend } from "./postgres/append.ts";
import { checkpoint } from "./product/checkpoint.ts";
import { scale } from "./product/scale.ts";
import { fork } from "./product/fork.ts";
import { wake } from "./product/wake.ts";
import { append } from "./streams/append.ts";
import { catchUp } from "./streams/catch-up.ts";
import { deliver } from "./streams/deliver.ts";
import { history } from "./streams/history.ts";
import { idle } from "./streams/idle.ts";
import { slowReaders } from "./streams/slow-readers.ts";
import { sessionPage } from "./web/session-page.ts";

/** All benchmarks, in the order in which they run. */
export const BENCHMARKS: readonly Benchmark[] = [
  append,
  catchUp,
  deliver,
  history,
  idle,
  slowReaders,
  postgresAppend,
  wake,
  fork,
  checkpoint,
  normalise,
  scale,
  sessionPage,
];
