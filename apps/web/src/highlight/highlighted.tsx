import { useSkein } from "@skein/react";
import { createContext, use, useEffect, useState, type ReactNode } from "react";
import { createHighlighter, type Highlighter, type Port } from "./highlighter.ts";
import styles from "./highlighted.module.css";
import { cutRuns, type HighlightAnswer, type Run } from "./runs.ts";

const HighlighterContext = createContext<Highlighter | undefined>(undefined);

/** One worker for everything below it; started when the first block of code is shown. */
export function HighlighterProvider({ children }: { readonly children: ReactNode }) {
  const { after } = useSkein().environment;
  const [highlighter] = useState(() => createHighlighter({ start: startWorker, after }));
  return <HighlighterContext value={highlighter}>{children}</HighlighterContext>;
}

function startWorker(onAnswer: (answer: HighlightAnswer) => void, onFailure: () => void): Port {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "highlight" });
  worker.addEventListener("message", (event: MessageEvent<HighlightAnswer>) => onAnswer(event.data));
  worker.addEventListener("error", onFailure);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin to name
  return { post: (request) => worker.postMessage(request), end: () => worker.terminate() };
}

/** The runs of a text, as soon as they are known. Without a language, and until then, there are none. */
export function useHighlight(text: string, language: string | undefined): readonly Run[] | undefined {
  const highlighter = use(HighlighterContext);
  const [, setDone] = useState(0);
  const known = language === undefined ? undefined : highlighter?.known(language, text);
  const wanted = known === undefined && language !== undefined && highlighter !== undefined;
  useEffect(() => {
    if (!wanted) return;
    const gone = new AbortController();
    const colour = async (): Promise<void> => {
      const runs = await highlighter.highlight(language, text, gone.signal);
      if (!gone.signal.aborted && runs !== undefined) setDone((count) => count + 1);
    };
    void colour();
    return () => gone.abort();
  }, [wanted, highlighter, language, text]);
  return known === undefined || known.length === 0 ? undefined : cutRuns(text, known);
}

export interface HighlightedProps {
  readonly text: string;
  readonly language: string | undefined;
}

/** Code: plain at once, coloured in place when the colours are there. */
export function Highlighted({ text, language }: HighlightedProps) {
  const runs = useHighlight(text, language);
  return runs === undefined ? text : <Runs runs={runs} />;
}

export function Runs({ runs }: { readonly runs: readonly Run[] }) {
  return runs.map(({ kind, text }, index) =>
    kind === "plain" ? (
      text
    ) : (
      <span key={index} className={styles[kind]}>
        {text}
      </span>
    ),
  );
}
