import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({
      dependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

/** Where Node would look for `name` from the package at `path`: its own node_modules, then every one above. */
function candidates(path: string, name: string): string[] {
  const found = [`${path}/node_modules/${name}`];
  const steps = path.split("/");
  for (let i = steps.length - 1; i >= 0; i -= 1) {
    const above = steps.slice(0, i).join("/");
    found.push(above === "" ? `node_modules/${name}` : `${above}/node_modules/${name}`);
  }
  return found;
}

test("the lockfile names every dependency, those for other platforms too, or `npm ci` fails on a fresh clone", () => {
  const { packages } = lockfile.parse(
    JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")),
  );
  const missing = Object.entries(packages).flatMap(([path, entry]) =>
    Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
      .filter((name) => !candidates(path, name).some((candidate) => candidate in packages))
      .map((name) => `${path} needs ${name}`),
  );
  expect(missing).toEqual([]);
});
