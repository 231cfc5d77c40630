const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** A size for people: 532 bytes, 1.4 GiB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ""}`;
}
