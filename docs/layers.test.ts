import { expect, test } from "vitest";
import { z } from "zod";
import { importsOf, isBuiltin, packageOf, reach } from "./layers.ts";
import { readFiles } from "./source-files.ts";

const all = readFiles(["packages", "apps", "benchmarks", "examples"], /\/src\/.*\.tsx?$/);
/** What ships: tests and testing folders may import what they like. */
const shipped = new Map([...all].filter(([path]) => !/\.test\.tsx?$|\/testing\//.test(path)));
const manifests = readFiles(["packages", "apps", "benchmarks", "examples"], /package\.json$/);

const AGENT_SDKS = ["@anthropic-ai/claude-agent-sdk", "@openai/codex-sdk", "@openai/codex", "@agentclientprotocol/sdk"];

/** Our packages that each package's shipped sources may import. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "packages/protocol": [],
  "packages/store": ["@skein/protocol"],
  "packages/streams": ["@skein/protocol", "@skein/store"],
  "packages/sessions": ["@skein/protocol"],
  "packages/server": ["@skein/protocol", "@skein/store", "@skein/streams", "@skein/sessions"],
  "packages/runtime": ["@skein/protocol"],
  "packages/coder": ["@skein/protocol", "@skein/runtime", "@skein/sessions"],
  "packages/react": ["@skein/protocol", "@skein/runtime", "@skein/sessions"],
  "apps/web": ["@skein/protocol", "@skein/runtime", "@skein/sessions", "@skein/react"],
};

/** Entries that must run in a browser or any other environment: nothing they reach imports a Node builtin or an SDK. */
const UNIVERSAL = [
  "packages/protocol/src/index.ts",
  "packages/sessions/src/index.ts",
  "packages/runtime/src/client/index.ts",
  "packages/react/src/index.ts",
];

test.each(Object.entries(LAYERS))("%s imports only what its layer allows", (folder, allowed) => {
  const found = [...shipped]
    .filter(([path]) => path.startsWith(`${folder}/`))
    .flatMap(([path, source]) => importsOf(source).map((specifier) => ({ path, name: packageOf(specifier) })))
    .filter(({ name }) => name?.startsWith("@skein/") === true && !allowed.includes(name))
    .map(({ path, name }) => `${path} imports ${name}`);
  expect(found).toEqual([]);
});

test.each(UNIVERSAL)("%s reaches no Node builtin and no agent SDK", (entry) => {
  const { outside } = reach(shipped, [entry]);
  const found = [...outside]
    .filter(([specifier]) => isBuiltin(specifier) || AGENT_SDKS.includes(packageOf(specifier) ?? ""))
    .map(([specifier, file]) => `${file} imports ${specifier}`);
  expect(found).toEqual([]);
});

test("only the coder depends on agent SDKs, and runtime not on React", () => {
  const manifest = z.looseObject({
    dependencies: z.record(z.string(), z.string()).default({}),
    optionalDependencies: z.record(z.string(), z.string()).default({}),
    peerDependencies: z.record(z.string(), z.string()).default({}),
  });
  const found = [...manifests].flatMap(([path, text]) => {
    const { dependencies, optionalDependencies, peerDependencies } = manifest.parse(JSON.parse(text));
    return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
      .filter(
        (name) =>
          (AGENT_SDKS.includes(name) && path !== "packages/coder/package.json") ||
          (name === "react" && path === "packages/runtime/package.json"),
      )
      .map((name) => `${path} depends on ${name}`);
  });
  const imported = [...shipped].flatMap(([path, source]) =>
    importsOf(source)
      .map((specifier) => packageOf(specifier) ?? "")
      .filter(
        (name) =>
          (AGENT_SDKS.includes(name) && !path.startsWith("packages/coder/")) ||
          (name === "react" && path.startsWith("packages/runtime/")),
      )
      .map((name) => `${path} imports ${name}`),
  );
  expect([...found, ...imported]).toEqual([]);
});

test("imports are found in every form they take", () => {
  const source = [
    'import a, { type B } from "one";',
    "import {",
    "  c,",
    '} from "./two.ts";',
    'import "three";',
    'export { d } from "node:fs";',
    'const e = await import("four/sub");',
    'const text = "import nothing";',
  ].join("\n");
  expect(importsOf(source)).toEqual(["one", "./two.ts", "three", "node:fs", "four/sub"]);
  expect([packageOf("@a/b/c"), packageOf("x/y"), packageOf("./z"), packageOf("fs/promises")]).toEqual([
    "@a/b",
    "x",
    undefined,
    undefined,
  ]);
});

test("what an entry reaches is followed through its own files", () => {
  const sources = new Map([
    ["p/index.ts", 'export { a } from "./a/a.ts";'],
    ["p/a/a.ts", 'import { b } from "../b.ts";\nimport "zod";'],
    ["p/b.ts", 'import { readFileSync } from "node:fs";'],
    ["p/other.ts", 'import "node:net";'],
  ]);
  const { files, outside } = reach(sources, ["p/index.ts"]);
  expect(files).toEqual(["p/index.ts", "p/a/a.ts", "p/b.ts"]);
  expect([...outside]).toEqual([
    ["zod", "p/a/a.ts"],
    ["node:fs", "p/b.ts"],
  ]);
});
