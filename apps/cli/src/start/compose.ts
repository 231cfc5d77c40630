import type { Home } from "../home/home.ts";

export interface ComposeOptions {
  readonly home: Home;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly token: string;
}

/** Everything, running in this process. */
export interface Composed {
  readonly url: string;
  /** What a person should know about this start. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export type Compose = (options: ComposeOptions) => Promise<Composed>;

export const compose: Compose = async () => {
  throw new Error("not composed yet");
};
