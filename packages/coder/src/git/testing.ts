import { spawnSync } from "node:child_process";

/** For tests: whether git is there. */
export const hasGit = spawnSync("git", ["--version"]).status === 0;
export const NO_GIT = "git is not installed on this machine";
