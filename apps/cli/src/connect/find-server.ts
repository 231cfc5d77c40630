import { CliError } from "../failure.ts";
import type { Running } from "../home/server-file.ts";

export interface Address {
  readonly url: string;
  readonly token: string | undefined;
}

export interface Wanted {
  readonly url: string | undefined;
  readonly token: string | undefined;
}

/**
 * Which server a command talks to: the options, else the environment (`SKEIN_URL`, `SKEIN_TOKEN`), else the server
 * that runs on the home. The running server's token is never sent to another address.
 */
export function findServer(wanted: Wanted, running: Running, home: string): Address {
  if (wanted.url !== undefined) {
    const url = parseOrigin(wanted.url);
    const own = running.kind === "running" && running.server.url === url ? running.server.token : undefined;
    return { url, token: wanted.token ?? own };
  }
  switch (running.kind) {
    case "running":
      return { url: running.server.url, token: wanted.token ?? running.server.token };
    case "stale":
      throw new CliError(
        "not_running",
        `Skein is not running on ${home}: its last server (pid ${running.pid}) is gone.`,
        {
          hint: "Start it with `skein start`; everything that was acknowledged is still there.",
        },
      );
    case "none":
      throw new CliError("not_running", `Skein is not running on ${home}.`, {
        hint: "Start it with `skein start`, or name another server with --url and --token.",
      });
  }
}

/** The origin of an address that a person typed or pasted (a sign-in link will do). */
function parseOrigin(text: string): string {
  const full = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full)) throw new CliError("usage", `“${text}” is not an address.`, { exitCode: 2 });
  return new URL(full).origin;
}
