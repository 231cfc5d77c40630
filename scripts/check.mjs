// `npm run check`: types, lint and format of the whole tree. Ends with the first that fails.
import { spawnSync } from "node:child_process";

const steps = [
  ["tsc", "-b"],
  ["oxlint", "--type-aware", "--deny-warnings"],
  ["oxfmt", "--check", "."],
];

for (const [command, ...args] of steps) {
  console.log(`> ${command} ${args.join(" ")}`);
  const { status } = spawnSync("npx", ["--no-install", command, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
