import { createCssVariablesTheme, createHighlighterCore, type HighlighterCore } from "@shikijs/core";
import { createJavaScriptRegexEngine } from "@shikijs/engine-javascript";
import { grammarOf } from "./languages.ts";
import { KINDS, pushRun, type HighlightAnswer, type HighlightRequest } from "./runs.ts";

/**
 * The worker that colours code. It gets text and answers with lengths: see `runs.ts`. Its grammars are regular
 * expressions over whatever a transcript holds, so it may be slow for ever; whoever asked ends it then.
 */
const PREFIX = "--code-";
const THEME = "skein";
/** Lines beyond this are plain: minified files are not read by people. */
const MAX_LINE = 1_500;
const LINE_MS = 150;

const highlighter: Promise<HighlighterCore> = createHighlighterCore({
  themes: [createCssVariablesTheme({ name: THEME, variablePrefix: PREFIX, fontStyle: false })],
  langs: [],
  engine: createJavaScriptRegexEngine({ forgiving: true }),
});

/** The theme gives names of variables for colours; these are the kinds that they stand for. */
const KIND_OF: ReadonlyMap<string, number> = new Map(
  Object.entries({
    "token-keyword": "keyword",
    "token-string": "string",
    "token-string-expression": "string",
    "token-comment": "comment",
    "token-constant": "constant",
    "token-function": "function",
    "token-parameter": "parameter",
    "token-punctuation": "punctuation",
    "token-link": "link",
    "token-inserted": "string",
    "token-deleted": "keyword",
    "token-changed": "constant",
  }).map(([name, kind]) => [`var(${PREFIX}${name})`, KINDS.findIndex((one) => one === kind)]),
);

addEventListener("message", (event: MessageEvent<HighlightRequest>) => {
  const { id, language, text } = event.data;
  colour(language, text).then(
    (runs) => answer({ id, runs }),
    // A grammar that cannot be fetched or compiled: the text stays as it is.
    () => answer({ id, runs: undefined }),
  );
});

function answer(message: HighlightAnswer): void {
  postMessage(message, { transfer: message.runs === undefined ? [] : [message.runs.buffer] });
}

async function colour(language: string, text: string): Promise<Uint32Array<ArrayBuffer> | undefined> {
  const grammar = grammarOf(language);
  if (grammar === undefined) return undefined;
  const shiki = await highlighter;
  if (!shiki.getLoadedLanguages().includes(language)) await shiki.loadLanguage(grammar);
  const { tokens } = shiki.codeToTokens(text, {
    lang: language,
    theme: THEME,
    tokenizeMaxLineLength: MAX_LINE,
    tokenizeTimeLimit: LINE_MS,
  });
  const runs: number[] = [];
  let at = 0;
  for (const token of tokens.flat()) {
    // Line breaks between the tokens belong to nobody.
    pushRun(runs, 0, token.offset - at);
    pushRun(runs, KIND_OF.get(token.color ?? "") ?? 0, token.content.length);
    at = token.offset + token.content.length;
  }
  return new Uint32Array(runs);
}
