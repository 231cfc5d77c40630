import { Command } from "commander";
import type { CliIo } from "../io.ts";

/** `skein sessions`: the agents' own sessions on this machine; needs no server. */
export function sessionsCommand(io: CliIo): Command {
  void io;
  return new Command("sessions").description("list the agents' own sessions on this machine");
}
