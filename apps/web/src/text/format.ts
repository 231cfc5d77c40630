/** Times, amounts and names as a person reads them. Pure: the present comes in as an argument. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24
    ? `${hours}h ${String(minutes % 60).padStart(2, "0")}m`
    : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : elapsed(ms);
}

export function ago(time: number, now: number): string {
  const seconds = Math.floor((now - time) / 1000);
  if (seconds < 45) return "just now";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.round(hours / 24);
  return days < 30 ? `${days} d ago` : new Date(time).toISOString().slice(0, 10);
}

/** `14:05`, with the date when it is not today. */
export function clockTime(time: number, now: number): string {
  const date = new Date(time);
  const text = `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
  if (new Date(now).toDateString() === date.toDateString()) return text;
  const month = date.toLocaleString("en", { month: "short" });
  const year = new Date(now).getFullYear() === date.getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${month}${year} ${text}`;
}

export function tokens(count: number): string {
  if (count < 1000) return String(count);
  if (count < 100_000) return `${(count / 1000).toFixed(1)}k`;
  return count < 1_000_000 ? `${Math.round(count / 1000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

export function cost(usd: number): string {
  if (usd === 0) return "$0";
  return usd < 0.01 ? "<$0.01" : `$${usd.toFixed(2)}`;
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  return size < 1024 * 1024 ? `${(size / 1024).toFixed(0)} KB` : `${(size / 1024 / 1024).toFixed(1)} MB`;
}

/** `/home/kim/code/app` as `~/code/app`, and long ones with their middle left out. */
export function shortPath(path: string, max = 48): string {
  const home = path.replace(/^\/(?:home|Users)\/[^/]+(?=\/|$)/, "~").replace(/^\/root(?=\/|$)/, "~");
  if (home.length <= max) return home;
  const parts = home.split("/");
  const tail: string[] = [];
  let length = (parts[0]?.length ?? 0) + 2;
  for (const part of parts.slice(1).reverse()) {
    if (tail.length > 0 && length + part.length + 1 > max) break;
    tail.unshift(part);
    length += part.length + 1;
  }
  return `${parts[0] ?? ""}/…/${tail.join("/")}`;
}

/** A path inside the session's directory is shown without it. */
export function relativePath(path: string, directory: string | undefined): string {
  if (directory !== undefined && path.startsWith(`${directory}/`)) return path.slice(directory.length + 1);
  return shortPath(path);
}

/** `user:kim` as `kim`. */
export function personName(principal: string): string {
  return principal.replace(/^[a-z]+:/, "");
}

const AGENTS: Readonly<Record<string, string>> = { claude: "Claude Code", codex: "Codex" };

export function agentName(agent: string): string {
  return AGENTS[agent] ?? agent;
}

export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString("en")} ${amount === 1 ? one : many}`;
}
