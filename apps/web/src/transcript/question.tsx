import type { TranscriptItem } from "@skein/react";
import { useState, type FormEvent } from "react";
import { personName } from "../text/format.ts";
import { oneLine, visibleText } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { failureText } from "../ui/failure.ts";
import { Icon } from "../ui/icon.tsx";
import styles from "./request.module.css";
import { useTranscript } from "./transcript-context.ts";

type QuestionItem = Extract<TranscriptItem, { kind: "question" }>;
type Request = QuestionItem["request"];
type Item = Request["questions"][number];

export interface QuestionCardProps {
  readonly request: Request;
  readonly answered?: string | undefined;
  readonly answer: (answers: Record<string, string>) => Promise<void>;
}

/** Questions of the agent. Each can be answered with an option, several where it allows that, or in own words. */
export function QuestionCard({ request, answered, answer }: QuestionCardProps) {
  const [chosen, setChosen] = useState<Readonly<Record<string, readonly string[]>>>({});
  const [other, setOther] = useState<Readonly<Record<string, string>>>({});
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<string>();
  const answerOf = ({ question }: Item): string => {
    const own = other[question]?.trim() ?? "";
    return [...(chosen[question] ?? []), ...(own === "" ? [] : [own])].join(", ");
  };
  const complete = request.questions.every((item) => answerOf(item) !== "");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setSending(true);
    setFailure(undefined);
    answer(Object.fromEntries(request.questions.map((item) => [item.question, answerOf(item)]))).catch(
      (error: unknown) => {
        setSending(false);
        setFailure(failureText(error));
      },
    );
  };
  const choose = ({ question, multiSelect }: Item, label: string, on: boolean): void => {
    const now = chosen[question] ?? [];
    const next = multiSelect === true ? (on ? [...now, label] : now.filter((one) => one !== label)) : [label];
    setChosen({ ...chosen, [question]: next });
  };
  return (
    <form className={styles["card"]} aria-label="Question" onSubmit={submit}>
      {request.questions.map((item) => (
        <Fields
          key={item.question}
          item={item}
          name={`${request.requestId}:${item.question}`}
          chosen={chosen[item.question] ?? []}
          other={other[item.question] ?? ""}
          onChoose={(label, on) => choose(item, label, on)}
          onOther={(text) => setOther({ ...other, [item.question]: text })}
        />
      ))}
      {failure !== undefined && (
        <p role="alert" className={styles["failure"]}>
          {failure}
        </p>
      )}
      {sending || answered !== undefined ? (
        <p className={styles["sent"]} role="status">
          Answered. The agent is being told.
        </p>
      ) : (
        <div className={styles["actions"]}>
          <Button look="primary" type="submit" disabled={!complete}>
            Answer
          </Button>
        </div>
      )}
    </form>
  );
}

interface FieldsProps {
  readonly item: Item;
  readonly name: string;
  readonly chosen: readonly string[];
  readonly other: string;
  readonly onChoose: (label: string, on: boolean) => void;
  readonly onOther: (text: string) => void;
}

function Fields({ item, name, chosen, other, onChoose, onOther }: FieldsProps) {
  return (
    <fieldset className={styles["question"]}>
      <legend className={styles["title"]}>
        <Icon name="question" />
        {visibleText(item.question)}
      </legend>
      {item.options.map(({ label, description }) => (
        <label key={label} className={styles["option"]}>
          <input
            type={item.multiSelect === true ? "checkbox" : "radio"}
            name={name}
            checked={chosen.includes(label)}
            onChange={(event) => onChoose(label, event.target.checked)}
          />
          <span>{visibleText(label)}</span>
          {description !== undefined && description !== label && <small>{visibleText(description)}</small>}
        </label>
      ))}
      <input
        className={styles["other"]}
        placeholder="Or in your own words"
        aria-label={`Own answer to: ${visibleText(item.question)}`}
        value={other}
        onChange={(event) => onOther(event.target.value)}
      />
    </fieldset>
  );
}

export function QuestionRow({ item }: { readonly item: QuestionItem }) {
  const { answered, answerQuestion, guest } = useTranscript();
  const { request, response, open } = item;
  if (response === undefined && open && guest !== true) {
    return (
      <QuestionCard
        request={request}
        answered={answered.get(request.requestId)}
        answer={async (answers) => answerQuestion(request.requestId, answers)}
      />
    );
  }
  const cancelled = response === undefined || response.cancelled === true;
  return (
    <div className={`${styles["decided"]} ${cancelled ? "" : styles["allow"]}`}>
      <Icon name="question" size={14} />
      <span>
        {request.questions.map(({ question }) => (
          <span key={question} style={{ display: "block" }}>
            {oneLine(question, 200)} <strong>{oneLine(response?.answers[question] ?? "not answered", 300)}</strong>
          </span>
        ))}
        {response?.user !== undefined && `Answered by ${personName(response.user)}`}
      </span>
    </div>
  );
}
