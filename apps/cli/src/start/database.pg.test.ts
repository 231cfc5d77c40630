import { createClient } from "@skein/runtime/client";
import { findPostgres, type PostgresCluster, startPostgres } from "@skein/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCliProcess, startSkein, tempFolder, type Ready } from "../testing/cli-process.ts";

const bin = await findPostgres();

describe.skipIf(bin === undefined)(
  `skein start --database${bin === undefined ? " (not installed: apt-get install postgresql)" : ""}`,
  () => {
    let cluster: PostgresCluster | undefined;
    let url = "";
    beforeAll(async () => {
      cluster = await startPostgres(bin ?? "");
      // Any password will do: the cluster trusts whoever reaches its socket.
      url = (await cluster.createDatabase()).replace("skein@", "skein:s3cret@");
    });
    afterAll(async () => cluster?.stop());

    const clientOf = ({ url: baseUrl, token }: Ready) => createClient({ baseUrl, token });

    test("[CL9] two servers share a database, and the password is in nothing that they print", async () => {
      const [one, two] = [
        await startSkein(await tempFolder(), { SKEIN_DATABASE: url }),
        await startSkein(await tempFolder(), {}, ["--database", url]),
      ];
      await clientOf(one.ready).registerEntityType({ name: "note", description: "A note for a test." });
      await clientOf(one.ready).spawn("note", "shared", { args: { n: 1 } });
      const seen = await clientOf(two.ready).listEntities({ type: "note" });
      expect(seen.entities.map(({ id }) => id)).toEqual(["shared"]);
      for (const server of [one, two]) {
        server.child.kill("SIGINT");
        const { code, stdout, stderr } = await server.ended;
        expect(code).toBe(0);
        expect(stdout + stderr).not.toContain("s3cret");
      }
    });

    test("[CL63] what was moved is there, and the old place is not gone on with by mistake", async () => {
      const home = await tempFolder();
      const first = await startSkein(home);
      await clientOf(first.ready).registerEntityType({ name: "note", description: "A note for a test." });
      await clientOf(first.ready).spawn("note", "moved", { args: { n: 1 } });
      first.child.kill("SIGINT");
      await first.ended;
      const target = (await cluster?.createDatabase())?.replace("skein@", "skein:s3cret@") ?? "";
      const { code, stdout, stderr } = await runCliProcess(["move", "--home", home, "--json"], {
        SKEIN_DATABASE: target,
      });
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).not.toContain("s3cret");
      expect(JSON.parse(stdout)).toMatchObject({ content: { digest: expect.stringMatching(/^[0-9a-f]{64}$/) } });
      const second = await startSkein(home, { SKEIN_DATABASE: target });
      const { entities } = await clientOf(second.ready).listEntities({ type: "note" });
      expect(entities.map(({ id }) => id)).toEqual(["moved"]);
      second.child.kill("SIGINT");
      await second.ended;
      const mistaken = await runCliProcess(["start", "--port", "0", "--home", home]);
      expect([mistaken.code, mistaken.stderr]).toEqual([
        1,
        expect.stringMatching(/was moved to the database.*--database/),
      ]);
    });

    test("[CL9] a database that cannot be used is one clear line without the password, and exit code 1", async () => {
      const cases = [
        ["postgres://me:s3cret@127.0.0.1:1/x", /cannot be reached \(ECONNREFUSED\).*unavailable/],
        [url.replace(/skein_[0-9a-f]+/, "no_such_database"), /does not exist/],
        ["mysql://me:s3cret@db/x", /is written postgres:/],
      ] as const;
      for (const [database, message] of cases) {
        const home = await tempFolder();
        const ended = await runCliProcess(["start", "--port", "0", "--home", home, "--database", database]);
        expect(ended.code).toBe(1);
        expect(ended.stderr).toMatch(message);
        expect(ended.stdout + ended.stderr).not.toContain("s3cret");
        expect(ended.stderr.trim().split("\n")).toHaveLength(1);
      }
    });
  },
);
