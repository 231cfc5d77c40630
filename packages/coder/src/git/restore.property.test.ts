import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { contentOf, createGitLab } from "../testing/git-lab.ts";
import { createCheckpoints } from "./checkpoints.ts";
import { hasGit, NO_GIT } from "./testing.ts";

type Content =
  | { readonly kind: "file" | "executable"; readonly bytes: Uint8Array }
  | { readonly kind: "link"; to: string };
type Step = { readonly path: string; readonly content: Content | undefined };

const name = fc.constantFrom("a", "b", "c", "ü ñ", "-x", 'q"uo\nte', ".hidden");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const content = fc.oneof(
  fc.record({ kind: fc.constantFrom("file" as const, "executable" as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ kind: fc.constant("link" as const), to: fc.constantFrom("a", "../b", "no/where", "ü ñ") }),
);
const steps = fc.array(fc.record({ path, content: fc.option(content, { nil: undefined }) }), { maxLength: 12 });

/** Whatever stands in the way of a path goes. */
function perform(top: string, all: readonly Step[]): void {
  for (const { path, content } of all) {
    const place = join(top, path);
    try {
      rmSync(place, { recursive: true, force: true });
      if (content === undefined) continue;
      mkdirSync(dirname(place), { recursive: true });
      if (content.kind === "link") symlinkSync(content.to, place);
      else writeFileSync(place, content.bytes);
      if (content.kind === "executable") chmodSync(place, 0o755);
    } catch (error) {
      // A file or a link where a folder would have to be: not a step, then.
      if (!(error instanceof Error && "code" in error)) throw error;
    }
  }
}

test.skipIf(!hasGit)(
  `[CK5][CK8] whatever the trees are: a working tree equals the checkpoint, and a rewind leads there and back${hasGit ? "" : `: ${NO_GIT}`}`,
  { timeout: 120_000 },
  async () => {
    const lab = await createGitLab();
    const checkpoints = createCheckpoints({
      environment: lab.environment,
      directories: { allowed: undefined },
      now: () => 1_760_000_000_000,
    });
    let count = 0;
    const at = (turn: string) => ({ session: "s", turn, edge: "end" as const });
    try {
      await fc.assert(
        fc.asyncProperty(steps, steps, steps, async (committed, then, later) => {
          count += 1;
          const top = lab.repository(`repo${String(count)}`, { base: "base\n" });
          perform(top, committed);
          lab.git(top, "add", "-A");
          lab.git(top, "commit", "-q", "--allow-empty", "-m", "second");
          perform(top, then);
          const thenContent = contentOf(top);
          expect(await checkpoints.take(top, at("then"))).toHaveProperty("commit");
          const target = join(lab.folder, `wt${String(count)}`);
          const made = { directory: top, from: at("then"), as: { ...at("then"), session: "fork" }, target };
          expect(await checkpoints.makeWorktree(made)).toHaveProperty("commit");
          expect(contentOf(target)).toEqual(thenContent);
          perform(top, later);
          const laterContent = contentOf(top);
          expect(await checkpoints.restore(top, { to: at("then"), undo: at("undo") })).toHaveProperty("undo");
          expect(contentOf(top)).toEqual(thenContent);
          expect(await checkpoints.restore(top, { to: at("undo"), undo: at("redo") })).toHaveProperty("undo");
          expect(contentOf(top)).toEqual(laterContent);
        }),
        { numRuns: 5, seed: 20261122 },
      );
    } finally {
      await lab.close();
    }
  },
);
