// Runs a program for a script. Everything it says goes to our stderr: stdout belongs to the result (`start --json`).
import { spawn } from "node:child_process";

const KEPT = 64 * 1024;

/** Resolves `{code, output}`; `output` is the last part of what it said. `quiet` keeps it from the terminal. */
export function run(command, args, { cwd, env, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (chunk) => {
      output = (output + chunk).slice(-KEPT);
      if (!quiet) process.stderr.write(chunk);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Runs a program with our own terminal and resolves its exit code. Ctrl-C reaches it too; we wait for its end. */
export function runAttached(command, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const ignore = () => {};
    process.on("SIGINT", ignore);
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: "inherit" });
    const stop = () => child.kill("SIGTERM");
    process.once("SIGTERM", stop);
    const settle = () => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", stop);
    };
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("close", (code) => {
      settle();
      resolve(code ?? 1);
    });
  });
}

/** An expected failure: its message is all that a person needs. */
export class StepFailed extends Error {}
