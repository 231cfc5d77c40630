import { sessionStatus, type Session } from "@skein/protocol";
import { agentName } from "../text/format.ts";
import { oneLine } from "../text/visible-text.ts";
import { statusWord } from "../ui/status.tsx";
import { FACETS, facetValues, type Facet, type Narrowed } from "./filter.ts";
import styles from "./sessions-page.module.css";

export interface FacetsProps {
  readonly sessions: readonly Session[];
  readonly narrowed: Narrowed;
  readonly onNarrow: (narrowed: Narrowed) => void;
}

const NAMES: Readonly<Record<Facet, { readonly label: string; readonly all: string }>> = {
  agent: { label: "Agent", all: "All agents" },
  status: { label: "Status", all: "Any status" },
  machine: { label: "Machine", all: "All machines" },
};

/** Narrows the list by what its sessions differ in; what is the same for all is not offered. */
export function Facets({ sessions, narrowed, onNarrow }: FacetsProps) {
  return FACETS.map((facet) => {
    const values = facetValues(sessions, facet);
    const chosen = narrowed[facet];
    if (values.length === 0 && chosen === undefined) return null;
    const { label, all } = NAMES[facet];
    return (
      <select
        key={facet}
        className={styles["facet"]}
        aria-label={label}
        value={chosen ?? ""}
        onChange={({ target: { value } }) => {
          const { [facet]: _, ...rest } = narrowed;
          onNarrow(value === "" ? rest : { ...rest, [facet]: value });
        }}
      >
        <option value="">{all}</option>
        {values.map(({ value, count }) => (
          <option key={value} value={value}>
            {nameOf(facet, value)} ({count})
          </option>
        ))}
      </select>
    );
  });
}

function nameOf(facet: Facet, value: string): string {
  if (facet === "agent") return agentName(value);
  if (facet === "machine") return oneLine(value, 40);
  const status = sessionStatus.safeParse(value);
  return status.success ? statusWord(status.data) : value;
}
