import { parseArgs } from "node:util";
import type { Line } from "./benchmark.ts";
import { BENCHMARKS } from "./list.ts";
import { table } from "./report.ts";
import { runBenchmark } from "./run.ts";

/** `npm run bench [-- NAME… --json]` */
const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" } } });
const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  console.error(`No such benchmark: ${unknown.join(", ")}. There are:`);
  for (const { name, about } of BENCHMARKS) console.error(`  ${name.padEnd(12)} ${about}`);
  process.exit(2);
}

const lines: Line[] = [];
for (const benchmark of BENCHMARKS) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
  lines.push(...(await runBenchmark(benchmark, (text) => process.stderr.write(`… ${text}\n`))));
}
console.log(values.json === true ? JSON.stringify(lines, undefined, 2) : table(lines));
