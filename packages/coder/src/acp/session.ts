import { methods, PROTOCOL_VERSION } from "@agentclientprotocol/sdk";
import { SkeinError } from "@skein/protocol";
import type { DriverOptions, DriverSettings } from "../driver.ts";
import { initialized, opened } from "./messages.ts";
import type { Initialized, Opened } from "./messages.ts";
import type { AcpPreset } from "./presets.ts";
import { greet, isAuthRequired, isNotFound, wordsOf } from "./process.ts";
import type { AcpProcess } from "./process.ts";

/** A session that is open in a process of its own. */
export interface AcpSession {
  readonly id: string;
  readonly process: AcpProcess;
  readonly agentVersion: string | undefined;
  readonly seesImages: boolean;
  /** The agent did not have its session any more: this one begins without what was said. */
  readonly lost: boolean;
  end(): Promise<void>;
}

export interface SessionDeps {
  readonly preset: AcpPreset;
  readonly start: () => Promise<AcpProcess>;
}

/** Opens the agent's session: the one that is there, else a new one under an id of the agent's choice. */
export async function openSession({ preset, start }: SessionDeps, options: DriverOptions): Promise<AcpSession> {
  const process = await start();
  try {
    const agent = initialized.parse(await greet(process, preset.name));
    if (agent.protocolVersion !== PROTOCOL_VERSION) {
      throw new SkeinError(
        "agent_failed",
        `${preset.name} speaks version ${String(agent.protocolVersion)} of ACP, not 1.`,
      );
    }
    const found = await findOrMake({ agent, process, preset }, options);
    await configure({ ...found, process, preset }, options);
    return {
      id: found.id,
      process,
      agentVersion: agent.agentInfo?.version,
      seesImages: agent.agentCapabilities?.promptCapabilities?.image === true,
      lost: found.lost,
      end: () => process.end(),
    };
  } catch (error) {
    await process.end();
    throw error;
  }
}

interface Opening {
  readonly agent: Initialized;
  readonly process: AcpProcess;
  readonly preset: AcpPreset;
}
interface Found {
  readonly id: string;
  readonly state: Opened;
  readonly lost: boolean;
}

async function findOrMake(opening: Opening, { native, cwd }: DriverOptions): Promise<Found> {
  const isKnown = native.kind === "resume" || native.told === true;
  const there = isKnown ? await resume(opening, native.id, cwd) : undefined;
  if (there !== undefined) return { id: native.id, state: there, lost: false };
  if (native.kind === "resume") {
    throw new SkeinError("session_not_found", `${opening.preset.name} has no session ${native.id} on this machine.`);
  }
  const state = opened.parse(await ask(opening, methods.agent.session.new, { cwd, mcpServers: [] }));
  if (state.sessionId === undefined)
    throw new SkeinError("agent_failed", `${opening.preset.name} gave its session no id.`);
  return { id: state.sessionId, state, lost: isKnown };
}

/** `undefined`: the agent has no such session, or keeps none. */
async function resume(opening: Opening, sessionId: string, cwd: string): Promise<Opened | undefined> {
  const { loadSession, sessionCapabilities } = opening.agent.agentCapabilities ?? {};
  const params = { sessionId, cwd, mcpServers: [] };
  const { resume: resumes, load } = methods.agent.session;
  // Loading tells the whole history again, which we have; resuming does not.
  const canResume = sessionCapabilities?.resume !== undefined && sessionCapabilities.resume !== null;
  const method = canResume ? resumes : loadSession === true ? load : undefined;
  if (method === undefined) return undefined;
  try {
    return opened.parse((await ask(opening, method, params)) ?? {});
  } catch (error) {
    if (error instanceof SkeinError || !isNotFound(error)) throw error;
    return undefined;
  }
}

async function ask({ agent, process, preset }: Opening, method: string, params: object): Promise<unknown> {
  try {
    return await process.request(method, params);
  } catch (error) {
    if (isAuthRequired(error)) throw notSignedIn(preset.name, agent, error);
    throw error;
  }
}

export function notSignedIn(
  name: string,
  { authMethods = [] }: Pick<Initialized, "authMethods">,
  error?: unknown,
): SkeinError {
  const ways = authMethods
    .map((one) => (one.description ? `${one.name}: ${one.description}` : one.name))
    .join("; ")
    .slice(0, 1000);
  const how = ways === "" ? "" : ` It offers: ${ways}.`;
  const said = error === undefined ? "" : ` (${wordsOf(error).slice(0, 500)})`;
  const message = `${name} is not signed in on this machine. Run it in a terminal there and sign in.${how}${said}`;
  return new SkeinError("agent_not_signed_in", message);
}

/** Tells the agent the mode and the model; what it cannot be told is refused rather than left to chance. */
async function configure(
  { id: sessionId, state, process, preset }: Found & Pick<Opening, "process" | "preset">,
  { permissionMode, model }: DriverSettings,
): Promise<void> {
  const { setMode, setConfigOption } = methods.agent.session;
  const mode = preset.modeFor(permissionMode, state.modes?.availableModes.map(({ id }) => id) ?? []);
  if (mode !== undefined && mode !== state.modes?.currentModeId) {
    await process.request(setMode, { sessionId, modeId: mode });
  }
  if (permissionMode === "plan" && mode === undefined) {
    throw new SkeinError("invalid_request", `${preset.name} has no plan mode.`);
  }
  for (const [category, value] of Object.entries(preset.optionsFor?.(permissionMode) ?? {})) {
    const option = state.configOptions?.find((one) => one.category === category || one.id === category);
    if (option !== undefined && option.currentValue !== value) {
      await process.request(setConfigOption, { sessionId, configId: option.id, value });
    }
  }
  if (model === undefined) return;
  const models = state.configOptions?.find((one) => one.category === "model");
  if (models === undefined) throw new SkeinError("invalid_request", `${preset.name} does not let its model be chosen.`);
  if (models.currentValue !== model)
    await process.request(setConfigOption, { sessionId, configId: models.id, value: model });
}
