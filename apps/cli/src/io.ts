/**
 * What the commands may touch of the process, so that tests can stand in for it. Only `main.ts` makes a real one.
 */
export interface CliIo {
  /** Results: what a program or a person reads. Adds nothing. */
  readonly stdout: (text: string) => void;
  /** Everything else: progress, questions, errors. */
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeFolder: string;
  /** A person sits in front of both input and output. */
  readonly interactive: boolean;
  /** Output may carry colours. */
  readonly color: boolean;
  readonly columns: number;
  readonly now: () => number;
  readonly newId: () => string;
  /** Aborts at the first Ctrl-C (or SIGTERM, or a closed pipe): commands end what they do and return. */
  readonly signal: AbortSignal;
  /** Everything on standard input; `undefined` when a person sits there. */
  readonly readInput: () => Promise<string | undefined>;
  /** Asks a person; the answer without the line end. Only when `interactive`. */
  readonly ask: (question: string) => Promise<string>;
}
