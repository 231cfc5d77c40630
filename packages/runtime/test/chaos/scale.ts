/**
 * How long the chaos lasts: `SKEIN_CHAOS=20` kills twenty times as often, `SKEIN_CHAOS_SEED` takes another course.
 * This is the one place that reads them.
 */
export function chaosScale(): {
  readonly seed: number;
  readonly kills: number;
  readonly parcels: number;
  readonly timeout: number;
} {
  const times = Math.max(1, Number(process.env["SKEIN_CHAOS"] ?? 1));
  const seed = Number(process.env["SKEIN_CHAOS_SEED"] ?? 20_261_122);
  return { seed, kills: 4 * times, parcels: 150 * times, timeout: 400_000 * times };
}
