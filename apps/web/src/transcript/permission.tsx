import type { PermissionDecision, TranscriptItem } from "@skein/react";
import { useState } from "react";
import { clockTime, personName, relativePath } from "../text/format.ts";
import { command, filePath, toolTitle } from "../text/tool-summary.ts";
import { oneLine, visibleText } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { failureText } from "../ui/failure.ts";
import { Icon } from "../ui/icon.tsx";
import { useNow } from "../ui/use-now.ts";
import styles from "./request.module.css";
import { ToolInput } from "./tool-input.tsx";
import { useTranscript } from "./transcript-context.ts";

type PermissionItem = Extract<TranscriptItem, { kind: "permission" }>;
type Request = PermissionItem["request"];

export interface PermissionCardProps {
  readonly request: Request;
  readonly directory: string | undefined;
  /** An answer that is already on its way, from here or from anywhere else. */
  readonly answered?: string | undefined;
  readonly answer: (decision: PermissionDecision, message?: string) => Promise<void>;
}

/** A request that waits: what exactly is asked, and the three answers. */
export function PermissionCard({ request, directory, answered, answer }: PermissionCardProps) {
  const [sending, setSending] = useState<PermissionDecision>();
  const [failure, setFailure] = useState<string>();
  const decide = (decision: PermissionDecision): void => {
    setSending(decision);
    setFailure(undefined);
    answer(decision).catch((error: unknown) => {
      setSending(undefined);
      setFailure(failureText(error));
    });
  };
  const known = answered ?? sending;
  const title = request.tool === "terminal" ? "Run a command" : requestTitle(request, directory);
  const reason = reasonBeside(title, request.reason);
  return (
    <section className={styles["card"]} aria-label="Permission request">
      <h3 className={styles["title"]}>
        <Icon name="shield" />
        {title}
      </h3>
      {reason !== "" && <p className={styles["reason"]}>{reason}</p>}
      <ToolInput tool={request.tool} input={request.input} directory={directory} />
      {failure !== undefined && (
        <p role="alert" className={styles["failure"]}>
          {failure}
        </p>
      )}
      {known === undefined ? (
        <div className={styles["actions"]}>
          <Button look="primary" onClick={() => decide("allow")}>
            Allow
          </Button>
          {request.canAllowSession !== false && (
            <Button onClick={() => decide("allow_session")}>Allow for this session</Button>
          )}
          <Button look="danger" onClick={() => decide("deny")}>
            Deny
          </Button>
        </div>
      ) : (
        <p className={styles["sent"]} role="status">
          {known === "deny" ? "Denied" : "Allowed"}. The agent is being told.
        </p>
      )}
    </section>
  );
}

const DECISIONS: Readonly<Record<string, string>> = {
  allow: "Allowed",
  allow_session: "Allowed for this session",
  deny: "Denied",
  cancelled: "No longer asked",
};

export function PermissionRow({ item }: { readonly item: PermissionItem }) {
  const { directory, answered, answerPermission, guest } = useTranscript();
  const { request, response, open } = item;
  if (response === undefined && open && guest === true) {
    return <p className={styles["decided"]}>Waits for an answer: {requestTitle(request, directory)}</p>;
  }
  if (response === undefined && open) {
    return (
      <PermissionCard
        request={request}
        directory={directory}
        answered={answered.get(request.requestId)}
        answer={async (decision, message) => answerPermission(request.requestId, decision, message)}
      />
    );
  }
  return <Decided item={item} directory={directory} />;
}

function Decided({ item, directory }: { readonly item: PermissionItem; readonly directory: string | undefined }) {
  const now = useNow();
  const { request, response } = item;
  const decision = response?.decision ?? "cancelled";
  const allowed = decision === "allow" || decision === "allow_session";
  return (
    <p className={`${styles["decided"]} ${allowed ? styles["allow"] : decision === "deny" ? styles["deny"] : ""}`}>
      <Icon name={allowed ? "check" : "close"} size={14} />
      <span>
        {DECISIONS[decision] ?? decision}
        {response?.user !== undefined && ` by ${personName(response.user)}`}: {requestTitle(request, directory)}
        {response?.message !== undefined && response.message !== "" && ` – “${oneLine(response.message, 200)}”`}
        {item.ts > 0 && ` · ${clockTime(item.ts, now)}`}
      </span>
    </p>
  );
}

/** Some agents give what is asked once more as the reason. */
function reasonBeside(title: string, reason: string | undefined): string {
  const text = visibleText((reason ?? "").slice(0, 1000)).trim();
  return title.includes(text) ? "" : text;
}

function requestTitle(request: Request, directory: string | undefined): string {
  const path = visibleText(relativePath(filePath(request.input), directory));
  switch (request.tool) {
    case "terminal":
      return `Run ${oneLine(command(request.input), 60)}`;
    case "file_edit":
      return `Edit ${path}`;
    case "file_write":
      return `Write ${path}`;
    case "file_read":
      return `Read ${path}`;
    default:
      return oneLine(
        request.title ?? `Use ${toolTitle({ tool: request.tool, originalTool: request.originalTool ?? "" })}`,
        160,
      );
  }
}
