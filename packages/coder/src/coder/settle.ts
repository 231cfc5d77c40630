import { SESSION_FILE } from "@skein/sessions";
import { fileRuns } from "@skein/sessions/node";
import type { AgentAdapter, NativeFiles } from "../adapter.ts";
import type { Clock } from "../clock.ts";
import { mirror, skipOwnTurn } from "./mirror.ts";
import type { NativeMirror } from "./native-mirror.ts";
import type { CoderPass } from "./state.ts";

/**
 * After a turn: what the agent writes down behind its word that the turn is over goes to the native stream, for whoever
 * goes on elsewhere. A message that comes meanwhile is not kept waiting. What somebody else wrote in that moment is
 * told from what the agent did by its rows, and is brought in.
 */
export async function settle(
  { pass, native }: { readonly pass: CoderPass; readonly native: NativeMirror },
  { clock, adapter }: { readonly clock: Clock; readonly adapter: AgentAdapter },
): Promise<"ours" | "others-wrote"> {
  const { ctx } = pass;
  const { nativeFiles: files, sessions } = adapter;
  if (files === undefined) return "ours";
  await quiet(pass, clock, files.lagMs);
  if (ctx.signal.aborted) return "ours";
  await native.advance({ quick: true });
  const seen = ctx.state.mirrored.get("current");
  const ours = seen === undefined || (await isOurs(pass, files, seen));
  if (ours) await skipOwnTurn(pass, sessions, clock.now());
  else await mirror(pass, sessions, { evenIfKnown: true });
  await ctx.flush();
  return ours ? "ours" : "others-wrote";
}

/** Until the time is over, something comes in, or the pass has to end. */
function quiet({ ctx }: CoderPass, clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      unsubscribe();
      ctx.signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    const unsubscribe = ctx.db.inbox.subscribe(done);
    ctx.signal.addEventListener("abort", done, { once: true });
  });
}

/** Whether everything behind what was seen with the turn's end is of the turn: no row of it is new. */
async function isOurs(
  { ctx, session }: CoderPass,
  files: NativeFiles,
  { path, sizeBytes }: { readonly path: string; readonly sizeBytes: number },
): Promise<boolean> {
  if (ctx.state.nativeFiles.get(SESSION_FILE)?.path !== path) return true;
  const normaliser = files.createNormaliser();
  let rest = "";
  for await (const { bytes } of fileRuns(path, sizeBytes)) {
    const lines = (rest + Buffer.from(bytes).toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const prompts = normaliser.push(parsed(line)).rows.filter(({ type }) => type === "user_message");
      if (prompts.some(({ key }) => !session.collections.transcript.has(key))) return false;
    }
  }
  return true;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // blank, or the end of a line whose beginning was seen
  }
}
