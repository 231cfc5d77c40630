/** The geometry of a plot. Pure; whatever numbers come in, finite ones come out. */

/** At most so many values: neighbours become their greatest. */
export function binned(values: readonly (number | undefined)[], most: number): (number | undefined)[] {
  if (values.length <= most) return [...values];
  return Array.from({ length: most }, (_, bin) => {
    const from = Math.floor((bin * values.length) / most);
    const to = Math.floor(((bin + 1) * values.length) / most);
    const known = values.slice(from, to).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  });
}

/** The next round number: 1, 2, 2.5 or 5 of its power of ten. */
export function niceTop(value: number): number {
  if (!Number.isFinite(value) || value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= value * 0.999) ?? 10;
  return factor * power;
}

export function ticksOf(top: number): readonly number[] {
  return [top, top / 2, 0];
}

/** From the left edge to the right one; a single value is a level line. */
export function linePath(values: readonly number[], width: number, y: (value: number) => number): string {
  const step = width / Math.max(1, values.length - 1);
  const points = values.map((value, index) => `${round(index * step)} ${round(y(value))}`);
  const line = points.length === 1 ? [...points, `${width} ${round(y(values[0] ?? 0))}`] : points;
  return `M${line.join(" L")}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
