import { sharePath, type Share } from "@skein/protocol";
import { useSkein } from "@skein/react";
import { useCallback, useEffect, useState, type FormEvent } from "react";
import { clockTime } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import dialog from "../ui/dialog.module.css";
import { failureText } from "../ui/failure.ts";
import { useNow } from "../ui/use-now.ts";
import { DialogFrame } from "../ui/dialog-frame.tsx";
import styles from "./share-dialog.module.css";

const DAY_MS = 24 * 60 * 60_000;
const TERMS = [
  { name: "a day", ms: DAY_MS },
  { name: "a week", ms: 7 * DAY_MS },
  { name: "30 days", ms: 30 * DAY_MS },
  { name: "until taken back", ms: null },
] as const;

/** Makes, shows and takes back the links by which others may read a session. */
export function ShareDialog({ session, onClose }: { readonly session: string; readonly onClose: () => void }) {
  const { shares, failure, made, create, takeBack } = useShares(session);
  const now = useNow();
  return (
    <DialogFrame title="Share this session" onClose={onClose}>
      <p className={dialog["text"]}>
        Whoever has the link reads the whole transcript, also what comes later: prompts, answers, commands, files and
        paths in it. They cannot write, and see nothing else of yours.
      </p>
      {made === undefined ? (
        <CreateForm onCreate={create} />
      ) : (
        <div className={styles["made"]}>
          <input readOnly aria-label="Link" value={made} onFocus={(event) => event.target.select()} />
          <CopyButton label="Copy link" text={() => made} />
          <p className={dialog["text"]}>It is shown only now: whoever makes it passes it on.</p>
        </div>
      )}
      {failure !== undefined && (
        <p role="alert" className={dialog["failure"]}>
          {failure}
        </p>
      )}
      {shares !== undefined && shares.length > 0 && (
        <ul className={styles["list"]} aria-label="Links">
          {shares.map((share) => (
            <li key={share.id}>
              <span className={styles["label"]}>{oneLine(share.label ?? "", 100) || "A link"}</span>
              <span className={styles["until"]}>
                {share.expiresAt === undefined ? "until taken back" : `until ${clockTime(share.expiresAt, now)}`}
              </span>
              <Button look="danger" onClick={() => takeBack(share.id)}>
                Take back
              </Button>
            </li>
          ))}
        </ul>
      )}
    </DialogFrame>
  );
}

function CreateForm({ onCreate }: { readonly onCreate: (label: string, expiresInMs: number | null) => void }) {
  const [label, setLabel] = useState("");
  const [term, setTerm] = useState(1);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onCreate(label.trim(), TERMS[term]?.ms ?? null);
  };
  return (
    <form className={styles["form"]} onSubmit={submit}>
      <label>
        For whom
        <input
          type="text"
          maxLength={200}
          placeholder="So that you know it again"
          value={label}
          onChange={(event) => setLabel(event.target.value)}
        />
      </label>
      <label>
        Lasts
        <select value={term} onChange={(event) => setTerm(Number(event.target.value))}>
          {TERMS.map(({ name }, index) => (
            <option key={name} value={index}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Button type="submit" look="primary">
        Make a link
      </Button>
    </form>
  );
}

function useShares(session: string) {
  const { client } = useSkein();
  const [shares, setShares] = useState<readonly Share[]>();
  const [made, setMade] = useState<string>();
  const [failure, setFailure] = useState<string>();
  const load = useCallback(async (): Promise<void> => {
    setShares(await client.listShares(session));
  }, [client, session]);
  const doing = (work: () => Promise<void>): void => {
    setFailure(undefined);
    work()
      .then(load)
      .catch((error: unknown) => setFailure(failureText(error)));
  };
  useEffect(() => {
    load().catch((error: unknown) => setFailure(failureText(error)));
  }, [load]);
  return {
    shares,
    made,
    failure,
    create: (label: string, expiresInMs: number | null) =>
      doing(async () => {
        const { token } = await client.createShare({ session, expiresInMs, ...(label !== "" && { label }) });
        setMade(location.origin + sharePath(token));
      }),
    takeBack: (id: string) => doing(async () => client.deleteShare(id)),
  };
}
