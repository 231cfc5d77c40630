/**
 * A repository is data: nothing that its configuration names is executed. Hooks, the monitor of files, programs for
 * the network and for signing are switched off by the strongest configuration there is, the environment's. Filters and
 * line endings never come into play, since files are read and written as they are (`snapshot.ts`, `write-files.ts`);
 * drivers for merging are switched off by name where something is merged (`merge.ts`).
 */
const CONFIGURATION: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "core.untrackedCache": "false",
  "core.logAllRefUpdates": "false",
  "core.quotePath": "true",
  "core.sshCommand": "false",
  "core.editor": "false",
  "core.pager": "cat",
  "credential.helper": "",
  "gc.auto": "0",
  "maintenance.auto": "false",
  "commit.gpgSign": "false",
  "gpg.program": "false",
  "i18n.commitEncoding": "utf-8",
  "diff.external": "",
  "merge.renormalize": "false",
  "submodule.recurse": "false",
  "protocol.allow": "never",
};

const VARIABLES: Readonly<Record<string, string>> = {
  LC_ALL: "C",
  // Not even to note that a file is unchanged.
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_LAZY_FETCH: "1",
  // No way of reaching another repository has this name.
  GIT_ALLOW_PROTOCOL: "none",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_ATTR_NOSYSTEM: "1",
};

/** The environment's part of it. `more`: configuration besides. */
export function isolated(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const entries = Object.entries({ ...CONFIGURATION, ...more });
  const numbered = entries.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${String(index)}`, key] as const,
    [`GIT_CONFIG_VALUE_${String(index)}`, value] as const,
  ]);
  return { ...VARIABLES, GIT_CONFIG_COUNT: String(entries.length), ...Object.fromEntries(numbered) };
}
