import type { Benchmark } from "./benchmark.ts";
import { append } from "./streams/append.ts";
import { catchUp } from "./streams/catch-up.ts";
import { deliver } from "./streams/deliver.ts";

/** All benchmarks, in the order in which they run. */
export const BENCHMARKS: readonly Benchmark[] = [append, catchUp, deliver];
