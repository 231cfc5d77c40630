/**
 * Which language a fence's name or a file's path means; `undefined` when it is shown as plain text. The names are those
 * of `languages.ts`, which belongs to the worker: here are no grammars. Pure.
 */
const NAMES = new Set(
  (
    "bash c clojure cmake cpp csharp css dart diff docker elixir erlang go graphql haskell hcl html ini java javascript " +
    "json jsonc jsx julia kotlin latex less lua make markdown nix ocaml perl php powershell prisma proto python r ruby " +
    "rust scala scss solidity sql svelte swift toml tsx typescript vue xml yaml zig"
  ).split(" "),
);

const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bash: "sh shell zsh shellscript console bashrc zshrc profile ksh",
    c: "h",
    clojure: "clj cljs cljc edn",
    cpp: "c++ cc cxx hpp hh hxx",
    csharp: "cs",
    diff: "patch",
    docker: "dockerfile containerfile",
    elixir: "ex exs",
    erlang: "erl hrl",
    go: "golang",
    graphql: "gql",
    haskell: "hs",
    hcl: "tf terraform tfvars",
    html: "htm xhtml",
    ini: "cfg conf editorconfig env properties service",
    javascript: "js mjs cjs node",
    json: "webmanifest jsonl ndjson",
    jsonc: "json5",
    julia: "jl",
    kotlin: "kt kts",
    latex: "tex",
    make: "makefile mk justfile",
    markdown: "md mdx",
    ocaml: "ml mli",
    perl: "pl pm",
    powershell: "ps1 pwsh",
    proto: "protobuf",
    python: "py pyi python3",
    ruby: "rb rake gemfile rakefile",
    rust: "rs",
    scala: "sc",
    solidity: "sol",
    sql: "psql postgresql mysql sqlite",
    typescript: "ts mts cts",
    xml: "svg xsl plist",
    yaml: "yml",
  }).flatMap(([name, others]) => others.split(" ").map((other) => [other, name] as const)),
);

/** A fence's info word, or an extension. */
export function languageOf(name: string): string | undefined {
  const low = name.toLowerCase();
  return NAMES.has(low) ? low : ALIASES.get(low);
}

export function languageOfPath(path: string): string | undefined {
  const file = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return languageOf(file.slice(file.lastIndexOf(".") + 1)) ?? languageOf(file.split(".")[0] ?? "");
}
