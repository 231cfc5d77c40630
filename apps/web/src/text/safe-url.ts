/**
 * Links of a transcript lead to the web or to a mail program, or nowhere. Relative ones would be this app's own pages,
 * which a transcript has no business to name.
 */
const ALLOWED = new Set(["http:", "https:", "mailto:"]);

export function safeUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return ALLOWED.has(parsed.protocol) && parsed.username === "" && parsed.password === "" ? parsed.href : undefined;
}
