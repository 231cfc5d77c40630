import { transcriptItems, type TranscriptItem } from "@skein/react";
import { codingSessionTranscriptRow, type TranscriptEvent } from "@skein/sessions";
import { useState, type ReactNode } from "react";
import { z } from "zod";
import { ItemView } from "../transcript/item-view.tsx";
import itemStyles from "../transcript/item.module.css";
import { TranscriptContext, type TranscriptContextValue } from "../transcript/transcript-context.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Notice, SignedOut } from "../ui/notice.tsx";
import { Status } from "../ui/status.tsx";
import { ThemeToggle } from "../ui/theme.tsx";
import { recorded } from "./recorded.ts";
import styles from "./styleguide.module.css";

/** Every component in every state. Only in development: `npm run dev`, then `/_styleguide`. */
export function StyleguidePage() {
  return (
    <main className={styles["page"]}>
      <header className={styles["head"]}>
        <h1>Style guide</h1>
        <ThemeToggle />
      </header>
      <Controls />
      <Statuses />
      <Part name="Claude Code, as it was recorded">
        <Items items={readItems(recorded.claude)} />
      </Part>
      <Part name="Codex, as it was recorded">
        <Items items={readItems(recorded.codex)} />
      </Part>
      <Part name="What waits and what was decided">
        <Items items={itemsOf(REQUESTS)} />
      </Part>
      <Part name="A call in every state">
        <Items items={CALLS} />
      </Part>
      <Part name="Marks in the history">
        <Items items={itemsOf(MARKS)} />
      </Part>
      <Part name="Notices">
        <Notice title="No session matches" actions={<Button>Show all</Button>} />
        <SignedOut />
      </Part>
    </main>
  );
}

function Part({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <section className={styles["part"]}>
      <h2>{name}</h2>
      {children}
    </section>
  );
}

function Controls() {
  return (
    <Part name="Controls">
      <p className={styles["row"]}>
        <Button>Plain</Button>
        <Button look="primary">Primary</Button>
        <Button look="danger">Danger</Button>
        <Button look="quiet">Quiet</Button>
        <Button disabled>Disabled</Button>
        <IconButton icon="search" label="Search" />
        <CopyButton label="Copy" text={() => "copied"} />
      </p>
    </Part>
  );
}

function Statuses() {
  const [since] = useState(() => Date.now() - 75_000);
  const all = ["initializing", "running", "waiting", "idle", "error", "killed"] as const;
  return (
    <Part name="Status">
      <p className={styles["row"]}>
        {all.map((status) => (
          <Status key={status} status={status} since={since} />
        ))}
      </p>
    </Part>
  );
}

const nothing = (): void => undefined;
const nobody = async (): Promise<void> => undefined;

function Items({ items }: { readonly items: readonly TranscriptItem[] }) {
  const [context] = useState<TranscriptContextValue>(() => ({
    session: "styleguide",
    directory: "/home/kim/shop",
    answered: new Map(),
    folds: new Map(),
    goTo: nothing,
    answerPermission: nobody,
    answerQuestion: nobody,
    linkTo: () => location.href,
  }));
  return (
    <TranscriptContext value={context}>
      {items.map((item) => (
        <article
          key={item.key}
          className={`${itemStyles["item"]} ${itemStyles[item.kind] ?? ""}`}
          data-kind={item.kind}
        >
          <ItemView item={item} />
        </article>
      ))}
    </TranscriptContext>
  );
}

function readItems(rows: unknown): readonly TranscriptItem[] {
  const parsed = z.array(codingSessionTranscriptRow).parse(rows);
  return transcriptItems(
    parsed.map((row, position) => ({ position, row })),
    false,
  );
}

function itemsOf(events: readonly TranscriptEvent[]): readonly TranscriptItem[] {
  return transcriptItems(
    events.map((payload, position) => ({
      position,
      row: { key: `row-${position}`, ts: 0, type: payload.type, payload },
    })),
    true,
  );
}

const REQUESTS: readonly TranscriptEvent[] = [
  { v: 1, type: "permission_request", requestId: "a", tool: "terminal", input: { command: "git push" } },
  { v: 1, type: "permission_response", requestId: "a", decision: "deny", user: "user:lee", message: "Not yet" },
  { v: 1, type: "permission_request", requestId: "b", tool: "terminal", input: { command: "npm test" } },
  { v: 1, type: "permission_response", requestId: "b", decision: "allow_session", user: "user:kim" },
  { v: 1, type: "permission_request", requestId: "c", tool: "terminal", input: { command: "rm -rf build" } },
  {
    v: 1,
    type: "question",
    requestId: "d",
    questions: [
      {
        question: "Which of the two?",
        header: "Choice",
        options: [{ label: "The first", description: "It is older" }, { label: "The second" }],
      },
    ],
  },
];

const MARKS: readonly TranscriptEvent[] = [
  {
    v: 1,
    type: "plan",
    items: [
      { text: "Find the cause", status: "completed" },
      { text: "Mend it", status: "in_progress" },
      { text: "Add a test", status: "pending" },
    ],
  },
  { v: 1, type: "error", code: "rate_limit", message: "The provider is busy. The turn can be tried again." },
  { v: 1, type: "turn_aborted", reason: "interrupted", user: "user:kim" },
  { v: 1, type: "turn_complete", success: true, durationMs: 61_000, usage: { inputTokens: 1200, outputTokens: 340 } },
  { v: 1, type: "unknown", agent: "someone", raw: { kind: "new", value: 1 } },
];

const STATES = ["preparing", "running", "done", "failed", "interrupted"] as const;
const CALLS: readonly TranscriptItem[] = STATES.map((state, position) => ({
  kind: "tool",
  key: state,
  row: state,
  position,
  ts: 0,
  callId: state,
  tool: "terminal",
  originalTool: "Bash",
  input: { command: `npm test -- ${state}` },
  result:
    state === "done" || state === "failed"
      ? { v: 1, type: "tool_result", callId: state, output: "1 test", isError: state === "failed", exitCode: 0 }
      : undefined,
  resultPosition: undefined,
  state,
  liveInput: undefined,
  liveOutput: state === "running" ? "still at it …" : undefined,
  changes: undefined,
  children: [],
}));
