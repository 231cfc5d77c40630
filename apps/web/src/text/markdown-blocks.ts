/**
 * Markdown that is still being written, cut into blocks that mean the same alone as together, so that only the last of
 * them is parsed again when text is added. Cuts are made where nothing can go wrong, and nowhere else: at an empty
 * line, outside code fences, in front of a line that begins at the margin and is no list item. A text with definitions
 * (of links or footnotes), which reach across blocks, stays whole. Pure.
 */
export function markdownBlocks(markdown: string): string[] {
  if (/^ {0,3}\[[^\]]+\]:/m.test(markdown)) return [markdown];
  const blocks: string[] = [];
  let block = "";
  let fence: string | undefined;
  let empty = false;
  for (const line of markdown.split(/(?<=\n)/)) {
    if (empty && fence === undefined && begins(line)) {
      blocks.push(block);
      block = "";
    }
    block += line;
    empty = line.trim() === "";
    fence = fenceAfter(fence, line);
  }
  if (block !== "") blocks.push(block);
  return blocks;
}

/** What can go on with the block before it: indented lines and list items. */
function begins(line: string): boolean {
  return !/^(?:\s|[-*+](?:\s|$)|\d{1,9}[.)](?:\s|$))/.test(line);
}

/** The fence that is open behind the line: a line of the same sign, at least as long and with nothing else, closes it. */
function fenceAfter(fence: string | undefined, line: string): string | undefined {
  const [, mark, rest = ""] = /^\s*(?:[-*+]\s+|\d{1,9}[.)]\s+|>\s?)*(`{3,}|~{3,})([^\n]*)/.exec(line) ?? [];
  if (mark === undefined) return fence;
  if (fence === undefined) return mark.startsWith("`") && rest.includes("`") ? undefined : mark;
  const closes = mark.startsWith(fence) && rest.trim() === "";
  return closes ? undefined : fence;
}
