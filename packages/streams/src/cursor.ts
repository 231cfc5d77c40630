/**
 * Cursors of live responses: the number of 20-second intervals since the protocol's epoch, so that caches collapse
 * readers of one moment, and never one that the client already had, so that none is served the same answer for ever.
 */
const EPOCH = Date.UTC(2024, 9, 9);
const INTERVAL_MS = 20_000;
const MAX_JITTER_S = 3600;
const FORM = /^\d{1,15}$/;

export function nextCursor(given: string | null, now: number, random: () => number): string {
  const current = Math.max(0, Math.floor((now - EPOCH) / INTERVAL_MS));
  const last = given !== null && FORM.test(given) ? Number(given) : -1;
  if (last < current) return String(current);
  const jitterMs = (1 + Math.floor(random() * MAX_JITTER_S)) * 1000;
  return String(last + Math.ceil(jitterMs / INTERVAL_MS));
}
