import type { Overview } from "@skein/react";
import { cost, tokens } from "../text/format.ts";
import { Plot } from "./plot.tsx";
import panel from "./panel.module.css";
import styles from "./usage.module.css";
import { usagePoints, usageTotals, type UsagePoint } from "./usage-points.ts";

export interface UsageProps {
  readonly overview: Overview;
  readonly reading: boolean;
}

/** Tokens, cost and context, turn by turn. */
export function Usage({ overview, reading }: UsageProps) {
  const points = usagePoints(overview.turns);
  if (points.length === 0) {
    return (
      <p className={panel["empty"]}>{reading ? "Nothing so far." : "The agent has not said what its turns used."}</p>
    );
  }
  const totals = usageTotals(points);
  const window = points.at(-1)?.window;
  return (
    <>
      <dl className={styles["totals"]}>
        <Total name="Cost" value={totals.cost === 0 ? "–" : cost(totals.cost)} />
        <Total name="Turns" value={points.length.toLocaleString("en")} />
        <Total
          name="Tokens in"
          value={tokens(totals.input + totals.cached)}
          note={`${tokens(totals.cached)} from the cache`}
        />
        <Total name="Tokens out" value={tokens(totals.output)} />
      </dl>
      {points.some(({ context }) => context !== undefined) && (
        <Plot
          title="Context after each turn"
          labels={points.map(labelOf)}
          series={[{ name: "Context", look: "area", values: points.map(({ context }) => context) }]}
          limit={window === undefined ? undefined : { value: window, name: `Window of ${tokens(window)}` }}
          format={tokens}
        />
      )}
      <Plot
        title="Tokens of each turn"
        labels={points.map(labelOf)}
        series={[
          { name: "From the cache", look: "bar", values: points.map(({ cached }) => cached) },
          { name: "New input", look: "bar", values: points.map(({ input }) => input) },
          { name: "Output", look: "bar", values: points.map(({ output }) => output) },
        ]}
        format={tokens}
      />
      {totals.cost > 0 && (
        <Plot
          title="Cost so far"
          labels={points.map(labelOf)}
          series={[{ name: "Cost", look: "area", values: points.map(({ spent }) => spent) }]}
          format={cost}
        />
      )}
      <AsTable points={points} />
    </>
  );
}

function labelOf({ turn }: UsagePoint): string {
  return `Turn ${turn}`;
}

function Total({ name, value, note }: { readonly name: string; readonly value: string; readonly note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  );
}

const MOST_LINES = 200;

function AsTable({ points }: { readonly points: readonly UsagePoint[] }) {
  return (
    <details className={styles["table"]}>
      <summary>As a table</summary>
      <div tabIndex={0} role="region" aria-label="Usage by turn">
        <table>
          <thead>
            <tr>
              <th>Turn</th>
              <th>New input</th>
              <th>Cache</th>
              <th>Output</th>
              <th>Context</th>
              <th>Cost</th>
            </tr>
          </thead>
          <tbody>
            {points.slice(-MOST_LINES).map((point) => (
              <tr key={point.turn}>
                <td>{point.turn}</td>
                <td>{tokens(point.input)}</td>
                <td>{tokens(point.cached)}</td>
                <td>{tokens(point.output)}</td>
                <td>{point.context === undefined ? "–" : tokens(point.context)}</td>
                <td>{point.cost === undefined ? "–" : cost(point.cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
