import { defineConfig } from "vitest/config";

/**
 * Projects by environment, chosen by a file's suffix. `execArgv` reaches the test processes and what they spawn as
 * worker threads, so that TypeScript sources run in both.
 */
const source = ["--import", "tsx", "--conditions=@skein/source"];
const common = { execArgv: source, pool: "forks" as const, testTimeout: 30_000, hookTimeout: 60_000 };
const conditions = {
  ssr: { resolve: { conditions: ["@skein/source", "module", "node"] } },
  resolve: { conditions: ["@skein/source", "module", "node"] },
};
const dirs = "{packages,apps,benchmarks,examples,scripts,docs}";

export default defineConfig({
  test: {
    globals: false,
    projects: [
      {
        ...conditions,
        test: {
          ...common,
          name: "unit",
          include: [`${dirs}/**/*.test.ts`],
          exclude: ["**/node_modules/**", "**/dist/**", "**/*.{dom,pg,e2e,agent}.test.*"],
        },
      },
      /** Needs a PostgreSQL to start (Debian: postgresql). */
      {
        ...conditions,
        test: {
          ...common,
          name: "pg",
          include: [`${dirs}/**/*.pg.test.ts`],
          exclude: ["**/node_modules/**", "**/dist/**"],
        },
      },
      /** Drives the real agent binaries. */
      {
        ...conditions,
        test: {
          ...common,
          name: "agent",
          include: [`${dirs}/**/*.agent.test.ts`],
          exclude: ["**/node_modules/**", "**/dist/**"],
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
      /** Drives a real browser. */
      {
        ...conditions,
        test: {
          ...common,
          name: "e2e",
          include: [`${dirs}/**/*.e2e.test.ts`],
          exclude: ["**/node_modules/**", "**/dist/**"],
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
