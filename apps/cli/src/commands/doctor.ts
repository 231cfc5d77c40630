import { Command } from "commander";
import { CliError } from "../failure.ts";
import { resolveHome } from "../home/home.ts";
import type { CliIo } from "../io.ts";
import type { Finding } from "../doctor/finding.ts";
import { jsonLine, safeLine } from "../output/safe-text.ts";
import { createStyle, type Style } from "../output/style.ts";

interface Options {
  readonly home?: string;
  readonly database?: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

/** `skein doctor`: whether everything is well here, and if not, what to do. */
export function doctorCommand(io: CliIo): Command {
  return new Command("doctor")
    .description("check the store, the disk, the agents and the versions, and say what to do")
    .option("--home <folder>", "whose data (default: SKEIN_HOME, else ~/.skein)")
    .option("--database <url>", "look at the store in this PostgreSQL (default: SKEIN_DATABASE, else the home's)")
    .option("--full", "read every message and compare every checksum")
    .option("--json", "print one array of {name, status, message, advice?}")
    .action(async (options: Options) => {
      const { examine } = await import("../doctor/examine.ts");
      const { SKEIN_DATABASE, ...environment } = io.env;
      const findings = await examine({
        home: resolveHome({ flag: options.home, env: io.env, cwd: io.cwd, homeFolder: io.homeFolder }),
        database: options.database ?? (SKEIN_DATABASE || undefined),
        full: options.full ?? false,
        environment,
        nodeVersion: process.versions.node,
      });
      io.stdout(options.json ? jsonLine(findings) : renderFindings(findings, createStyle(io.color)));
      const failed = findings.filter(({ status }) => status === "fail");
      if (failed.length > 0)
        throw new CliError("not_well", `Not everything is well: ${failed.map(({ name }) => name).join(", ")}.`);
    });
}

export function renderFindings(findings: readonly Finding[], style: Style): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const marks = { ok: style.green("ok  "), warn: style.yellow("warn"), fail: style.red("fail") };
  return findings
    .map(({ name, status, message, advice }) => {
      const line = `${marks[status]}  ${name.padEnd(width)}  ${safeLine(message)}\n`;
      return advice === undefined ? line : `${line}${" ".repeat(width + 8)}${style.dim(safeLine(advice))}\n`;
    })
    .join("");
}
