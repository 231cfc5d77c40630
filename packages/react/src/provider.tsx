import { createClient, type Client, type ConnectionOptions } from "@skein/runtime/client";
import { createContext, use, useEffect, useState, type ReactNode } from "react";
import { browserEnvironment, type Environment } from "./environment.ts";
import { createFollower, type Follower } from "./follower.ts";
import { createSessionsStore, type SessionsStore } from "./sessions-store.ts";

/** What all hooks of one page share: one client, one live connection, one directory. */
export interface Skein {
  readonly client: Client;
  readonly environment: Environment;
  readonly follower: Follower;
  readonly sessions: SessionsStore;
}

const SkeinContext = createContext<Skein | undefined>(undefined);

export interface SkeinProviderProps extends Partial<ConnectionOptions> {
  /** Default: the browser's. */
  readonly environment?: Environment;
  readonly children: ReactNode;
}

/**
 * Connects everything below it with one server. The props are read once.
 *
 * @example
 * <SkeinProvider><Sessions /></SkeinProvider>
 */
export function SkeinProvider({ children, environment, ...connection }: SkeinProviderProps) {
  const [skein] = useState(() => createSkein(connection, environment ?? browserEnvironment()));
  useEffect(() => skein.follower.open(), [skein]);
  return <SkeinContext value={skein}>{children}</SkeinContext>;
}

export function createSkein(connection: Partial<ConnectionOptions>, environment: Environment): Skein {
  const client = createClient({ clock: environment, baseUrl: globalThis.location?.origin ?? "", ...connection });
  const follower = createFollower(client.transport, environment);
  return { client, environment, follower, sessions: createSessionsStore(client, follower, environment) };
}

export function useSkein(): Skein {
  const skein = use(SkeinContext);
  if (skein === undefined) throw new Error("this needs a <SkeinProvider> above it");
  return skein;
}
