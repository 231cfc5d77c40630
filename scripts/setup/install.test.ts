import { expect, test } from "vitest";
import { explainNpm, npmCommand, satisfies } from "./install.mjs";
import { nodeProblem } from "./node-version.mjs";

test.each([
  ["v20.19.0", undefined],
  ["v24.1.0", undefined],
  ["v20.18.3", "this is v20.18.3"],
  ["v16.20.0", "Skein needs Node 20.19.0"],
])("[CL52] Node %s", (version, problem) => {
  if (problem === undefined) expect(nodeProblem(version)).toBeUndefined();
  else expect(nodeProblem(version)).toContain(problem);
});

test.each([
  ["npm error code ENOTFOUND\nnpm error errno ENOTFOUND", "cannot reach its registry (ENOTFOUND)"],
  ["npm error code EAI_AGAIN", "cannot reach its registry (EAI_AGAIN)"],
  ["npm error ENOSPC: no space left on device", "disk is full"],
  ["npm error code E404\nnpm error 404 Not Found - x", "npm error 404 Not Found - x"],
])("[CL52] what npm says becomes a message for a person: %s", (output, message) => {
  expect(explainNpm(output)).toContain(message);
});

test("[CL51] what is installed is compared with the lockfile; what this platform may lack does not count", () => {
  const wanted = {
    packages: {
      "": { name: "root" },
      "packages/a": { version: "0.1.0" },
      "node_modules/@skein/a": { link: true },
      "node_modules/x": { version: "1.0.0" },
      "node_modules/x-darwin": { version: "1.0.0", optional: true },
    },
  };
  const link = { "node_modules/@skein/a": { link: true } };
  expect(satisfies(wanted, { packages: { ...link, "node_modules/x": { version: "1.0.0" } } })).toBe(true);
  expect(satisfies(wanted, { packages: { ...link, "node_modules/x": { version: "0.9.0" } } })).toBe(false);
  expect(satisfies(wanted, { packages: { "node_modules/x": { version: "1.0.0" } } })).toBe(false);
});

test("[CL50] the npm that runs the script is used, else the one on the path", () => {
  expect(npmCommand({ npm_execpath: "/nowhere/npm-cli.js" })).toEqual({ command: "npm", args: [] });
  expect(npmCommand({ npm_execpath: "/usr/bin/pnpm.cjs" })).toEqual({ command: "npm", args: [] });
  expect(npmCommand({})).toEqual({ command: "npm", args: [] });
});
