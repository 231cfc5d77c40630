/**
 * Where a webhook may be: https anywhere, http only on this machine. What is wrong with the URL, if anything.
 */
export function webhookUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "The webhook's URL is not a URL.";
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return "The webhook's URL must not carry a name or password.";
  if (url.hash !== "") return "The webhook's URL must not have a fragment.";
  if (url.protocol === "https:") return undefined;
  if (url.protocol === "http:" && isLoopback(url.hostname)) return undefined;
  return "A webhook's URL is https, or http on this machine only (localhost, 127.0.0.1, [::1]).";
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
