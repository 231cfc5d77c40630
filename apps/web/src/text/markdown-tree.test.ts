import { expect, test } from "vitest";
import { completed, parseMarkdown, wordsIn } from "./markdown-tree.ts";

test("[WB23] raw HTML stays text in the tree, and references are resolved inside one text only", () => {
  const tree = parseMarkdown(
    "<script>x</script>\n\n[a][b] ![c][b] note[^1]\n\n[b]: javascript:x\n[B]: https://two.example\n[^1]: the note\n",
  );
  expect(tree.nodes.map(({ type }) => type)).toEqual([
    "html",
    "paragraph",
    "definition",
    "definition",
    "footnoteDefinition",
  ]);
  // The first definition of a name holds, as everywhere in Markdown; whether it may be followed, `safeUrl` says.
  expect(tree.definitions.get("b")?.url).toBe("javascript:x");
  expect(tree.footnotes.map((note) => wordsIn(note))).toEqual(["the note"]);
});

test("[WB20] what breaks off is completed, so that half of a word in bold is bold", () => {
  const half = parseMarkdown(completed("Some **bold wor"));
  expect(half.nodes[0]).toMatchObject({ children: [{ type: "text" }, { type: "strong" }] });
  expect(wordsIn(parseMarkdown(completed("A [link](https://exa")).nodes[0] ?? { type: "text", value: "" })).toBe(
    "A link",
  );
});

test("the words of a tree are in order, however deep they stand", () => {
  const tree = parseMarkdown(`${"> ".repeat(60)}one **two** \`three\``);
  expect(tree.nodes.map((node) => wordsIn(node))).toEqual(["one two three"]);
});
