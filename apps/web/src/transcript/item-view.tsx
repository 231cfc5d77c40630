import type { TranscriptItem } from "@skein/react";
import { memo } from "react";
import { recordedDiffs } from "../text/tool-diff.ts";
import { relativePath } from "../text/format.ts";
import { oneLine, visibleText } from "../text/visible-text.ts";
import { Icon } from "../ui/icon.tsx";
import { CodeBlock } from "./code-block.tsx";
import { Diff } from "./diff.tsx";
import { useFold } from "./fold.tsx";
import styles from "./item.module.css";
import { Markdown } from "./markdown.tsx";
import { compactionText, markerText, turnText } from "./marker.ts";
import { PermissionRow } from "./permission.tsx";
import { PlanList } from "./plan-list.tsx";
import { Prompt } from "./prompt.tsx";
import { QuestionRow } from "./question.tsx";
import { ToolRow } from "./tool-row.tsx";
import { useTranscript } from "./transcript-context.ts";

type ItemOf<K extends TranscriptItem["kind"]> = Extract<TranscriptItem, { kind: K }>;

/** One item of a transcript, whatever it is. Rendered anew only when the item is another one. */
export const ItemView = memo(function ItemView({ item }: { readonly item: TranscriptItem }) {
  switch (item.kind) {
    case "prompt":
      return <Prompt item={item} />;
    case "assistant":
      return <Assistant item={item} />;
    case "thinking":
      return <Thinking item={item} />;
    case "tool":
      return <ToolRow item={item}>{nested}</ToolRow>;
    case "permission":
      return <PermissionRow item={item} />;
    case "question":
      return <QuestionRow item={item} />;
    case "plan":
      return <PlanList items={item.items} />;
    case "changes":
      return <Changes item={item} />;
    case "turn":
      return <Divider bad={item.event.success === false}>{turnText(item.event)}</Divider>;
    case "aborted":
      return <Divider bad>{abortedText(item)}</Divider>;
    case "compaction":
      return <Compaction item={item} />;
    case "marker":
      return <Divider>{markerText(item.event)}</Divider>;
    case "error":
      return <Failure item={item} />;
    case "unknown":
      return <Unknown item={item} />;
  }
});

/** What a sub-agent did. Its last items are enough: the whole of it is in the session's history. */
const MOST_NESTED = 150;

function nested(items: readonly TranscriptItem[]) {
  const shown = items.slice(-MOST_NESTED);
  return (
    <>
      {shown.length < items.length && <Divider>{items.length - shown.length} earlier steps not shown here</Divider>}
      {shown.map((item) => (
        <ItemView key={item.key} item={item} />
      ))}
    </>
  );
}

function Assistant({ item }: { readonly item: ItemOf<"assistant" | "thinking"> }) {
  return (
    <div className={item.streaming ? styles["cursor"] : undefined}>
      {item.cut && <span className={styles["cut"]}>… the beginning comes when it is complete</span>}
      <Markdown text={item.text} streaming={item.streaming} />
    </div>
  );
}

function Thinking({ item }: { readonly item: ItemOf<"assistant" | "thinking"> }) {
  const [open, toggle] = useFold(item.key, false);
  return (
    <>
      <button type="button" className={styles["fold"]} aria-expanded={open} onClick={toggle}>
        <Icon name="thought" size={15} />
        <span>{item.streaming ? "Thinking…" : open ? "Thought" : `Thought: ${oneLine(item.text, 90)}`}</span>
      </button>
      {open && (
        <div className={styles["thought"]}>
          <Markdown text={item.text} streaming={item.streaming} />
        </div>
      )}
    </>
  );
}

function Changes({ item }: { readonly item: ItemOf<"changes"> }) {
  const { directory } = useTranscript();
  return recordedDiffs(item.changes).map(({ path, lines }, index) => (
    <Diff key={index} lines={lines} path={visibleText(relativePath(path, directory))} />
  ));
}

function Divider({ children, bad = false }: { readonly children: React.ReactNode; readonly bad?: boolean }) {
  return (
    <div className={`${styles["divider"]} ${bad ? styles["bad"] : ""}`}>
      <span>{children}</span>
    </div>
  );
}

function abortedText({ event }: ItemOf<"aborted">): string {
  const who = event.user === undefined ? "" : ` by ${oneLine(event.user.replace(/^[a-z]+:/, ""), 60)}`;
  return `Stopped${who}: ${oneLine(event.reason, 200)}`;
}

function Compaction({ item }: { readonly item: ItemOf<"compaction"> }) {
  const [open, toggle] = useFold(item.key, false);
  const { summary } = item.event;
  return (
    <>
      <Divider>
        {compactionText(item.event)}
        {summary !== undefined && (
          <button type="button" className={styles["fold"]} aria-expanded={open} onClick={toggle}>
            {open ? "Hide summary" : "Show summary"}
          </button>
        )}
      </Divider>
      {open && summary !== undefined && (
        <div className={styles["thought"]}>
          <Markdown text={summary} />
        </div>
      )}
    </>
  );
}

function Failure({ item }: { readonly item: ItemOf<"error"> }) {
  const { message, code } = item.event;
  return (
    <div className={styles["alert"]}>
      <Icon name="warning" />
      <div>
        <p>{visibleText(message.slice(0, 4000))}</p>
        {code !== undefined && <small>{oneLine(code, 80)}</small>}
      </div>
    </div>
  );
}

function Unknown({ item }: { readonly item: ItemOf<"unknown"> }) {
  const [open, toggle] = useFold(item.key, false);
  return (
    <>
      <button type="button" className={styles["fold"]} aria-expanded={open} onClick={toggle}>
        <Icon name="chevron" size={14} />
        <span>
          A record of {item.agent === "" ? "the agent" : oneLine(item.agent, 40)} that this version does not know
        </span>
      </button>
      {open && <CodeBlock text={visibleText(JSON.stringify(item.raw, null, 2) ?? "undefined")} wrap language="json" />}
    </>
  );
}
