import { useId, useState } from "react";
import { binned, linePath, niceTop, ticksOf } from "./plot-shape.ts";
import styles from "./usage.module.css";

export interface Series {
  readonly name: string;
  readonly look: "area" | "bar";
  readonly values: readonly (number | undefined)[];
}

export interface PlotProps {
  readonly title: string;
  readonly labels: readonly string[];
  /** Bars are stacked, the first at the bottom. */
  readonly series: readonly Series[];
  readonly limit?: { readonly value: number; readonly name: string } | undefined;
  readonly format: (value: number) => string;
}

const WIDTH = 400;
const HEIGHT = 120;
/** More points than this are drawn together: there are no more pixels. */
const MOST_POINTS = 130;

/** A small plot over the turns, drawn as SVG: it is calm, follows the theme, and costs nothing to load. */
export function Plot({ title, labels, series, limit, format }: PlotProps) {
  const id = useId();
  const [at, setAt] = useState<number>();
  const drawn = series.map(({ values, ...rest }) => ({ ...rest, values: binned(values, MOST_POINTS) }));
  const points = drawn[0]?.values.length ?? 0;
  const stacked = drawn.some(({ look }) => look === "bar");
  const sums = Array.from({ length: points }, (_, index) =>
    drawn.reduce((sum, { values }) => (stacked ? sum : 0) + (values[index] ?? 0), 0),
  );
  const highest = Math.max(1e-9, ...sums);
  // A limit that is far away would flatten everything: it is drawn when what is used comes near.
  const shownLimit = limit !== undefined && highest > limit.value / 4 ? limit : undefined;
  const top = niceTop(Math.max(highest, shownLimit?.value ?? 0));
  const y = (value: number): number => HEIGHT - (Math.min(value, top) / top) * HEIGHT;
  const step = WIDTH / Math.max(1, points);
  const name = labels[Math.floor(((at ?? 0) / Math.max(1, points)) * labels.length)];
  return (
    <figure className={styles["plot"]} aria-labelledby={id}>
      <figcaption id={id}>
        <span>{title}</span>
        <span className={styles["reading"]}>
          {at === undefined
            ? (limit?.name ?? "")
            : `${name}: ${drawn.map((one) => `${drawn.length > 1 ? `${one.name} ` : ""}${format(one.values[at] ?? 0)}`).join(", ")}`}
        </span>
      </figcaption>
      <div className={styles["frame"]}>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden
          onPointerMove={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            setAt(Math.min(points - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * points))));
          }}
          onPointerLeave={() => setAt(undefined)}
        >
          {ticksOf(top).map((tick) => (
            <line key={tick} className={styles["grid"]} x1={0} x2={WIDTH} y1={y(tick)} y2={y(tick)} />
          ))}
          {at !== undefined && <rect className={styles["cursor"]} x={at * step} width={step} y={0} height={HEIGHT} />}
          {drawn.map(({ look, values }, index) =>
            look === "area" ? (
              <g key={index}>
                <path
                  className={styles["area"]}
                  d={`${linePath(
                    values.map((value) => value ?? 0),
                    WIDTH,
                    y,
                  )} L${WIDTH} ${HEIGHT} L0 ${HEIGHT} Z`}
                />
                <path
                  className={styles["curve"]}
                  d={linePath(
                    values.map((value) => value ?? 0),
                    WIDTH,
                    y,
                  )}
                />
              </g>
            ) : (
              values.map((value = 0, point) => {
                const below = drawn.slice(0, index).reduce((sum, one) => sum + (one.values[point] ?? 0), 0);
                const height = y(below) - y(below + value);
                return (
                  <rect
                    key={`${index} ${point}`}
                    className={styles[`bar${index}`]}
                    x={point * step + step * 0.12}
                    width={Math.min(step * 0.76, 28)}
                    y={y(below + value)}
                    height={Math.max(0, height)}
                  />
                );
              })
            ),
          )}
          {shownLimit !== undefined && (
            <line className={styles["limit"]} x1={0} x2={WIDTH} y1={y(shownLimit.value)} y2={y(shownLimit.value)} />
          )}
        </svg>
        <ul className={styles["ticks"]} aria-hidden>
          {ticksOf(top).map((tick) => (
            <li key={tick} style={{ top: `${(y(tick) / HEIGHT) * 100}%` }}>
              {format(tick)}
            </li>
          ))}
        </ul>
      </div>
      {series.length > 1 && (
        <ul className={styles["legend"]}>
          {series.map((one, index) => (
            <li key={one.name}>
              <span className={`${styles["swatch"]} ${styles[`bar${index}`]}`} />
              {one.name}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}
