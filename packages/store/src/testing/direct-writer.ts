import { prepareOperations } from "../core/operation.ts";
import type { Database, Statement } from "../sqlite/driver.ts";
import { loadSqlite } from "../sqlite/driver.ts";
import { storeFiles } from "../sqlite/files.ts";
import type { JournalBounds } from "../sqlite/journal-writer.ts";
import { openWriter } from "../sqlite/open-writer.ts";
import { Reader } from "../sqlite/reader.ts";
import { configure } from "../sqlite/schema.ts";
import type { CommitOutcome, Operation } from "../store.ts";
import { accepted } from "./fixture.ts";
import { temporaryFolder } from "./temporary-store.ts";

const collections = { things: { indexes: { group: ["group"] } } };

/** The writer and a reader of a store in this thread, with what the writer does to its database made visible. */
export async function openDirectWriter(options: { folder?: string; journal?: JournalBounds } = {}) {
  const folder =
    options.folder === undefined ? await temporaryFolder() : { path: options.folder, remove: async () => {} };
  const open = await loadSqlite();
  const spies: SpiedDatabase[] = [];
  const opened = openWriter({ folder: folder.path, collections, journal: options.journal }, (file) => {
    const database = new SpiedDatabase(open(file));
    spies.push(database);
    return database;
  });
  const writing = spies.at(-1);
  if (!writing) throw new Error("The writer opened nothing");
  const reading = new SpiedDatabase(open(storeFiles(folder.path).database));
  configure(reading, "reader");
  const reader = new Reader(reading);

  /** One group: each list of operations is a commit. */
  const group = (commits: readonly (readonly Operation[])[], now = 0): readonly CommitOutcome[] =>
    opened.writer.commitGroup([
      { now, bytes: 0, commits: commits.map((operations) => prepareOperations(operations, collections)) },
    ]).outcomes;

  return {
    folder: folder.path,
    writer: opened.writer,
    reader,
    writing,
    reading,
    group,
    commit: (...operations: Operation[]) => group([operations]).map(accepted),
    count: (table: string) => reading.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"],
    close() {
      reader.close();
      opened.close();
    },
    async dispose() {
      this.close();
      await folder.remove();
    },
  };
}

/** A database that keeps what was prepared, and tells before something is executed. */
export class SpiedDatabase implements Database {
  readonly prepared: string[] = [];
  beforeExec: (sql: string) => void = () => {};
  afterGet: (sql: string) => void = () => {};
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  exec(sql: string): void {
    this.beforeExec(sql);
    this.#database.exec(sql);
  }

  prepare(sql: string): Statement {
    this.prepared.push(sql);
    const statement = this.#database.prepare(sql);
    return {
      run: (...values) => statement.run(...values),
      get: (...values) => {
        const row = statement.get(...values);
        this.afterGet(sql);
        return row;
      },
      all: (...values) => statement.all(...values),
      iterate: (...values) => statement.iterate(...values),
    };
  }

  close(): void {
    this.#database.close();
  }
}
