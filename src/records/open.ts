import { Database } from "bun:sqlite";
import { EngineError, messageOf, noStep, type Step } from "../base/index.ts";
import { createCollection } from "./collection.ts";
import type { Collection, Migration, Records } from "./types.ts";

const tables = `
create table if not exists record (
  collection text not null,
  key text not null,
  value text not null,
  primary key (collection, key)
) without rowid, strict`;

/**
 * Opens the records file at `path`, made when absent, and brings it to the version that `migrations` reach:
 * each one not yet seen by this file runs once, in order, all in one transaction. The list is only ever
 * appended to. Throws `unavailable` for a file that is unreadable or that a newer version has written; such a
 * file stays as it is.
 */
export function openRecords(
  path: string,
  options: { migrations?: readonly Migration[]; busyTimeout?: number; step?: Step } = {},
): Records {
  const database = openDatabase(path, options.busyTimeout ?? 5000);
  const records = createRecords(database, options.step ?? noStep);
  try {
    migrate(database, records, { path, migrations: options.migrations ?? [] });
  } catch (error) {
    database.close();
    throw error;
  }
  return records;
}

function openDatabase(path: string, busyTimeout: number): Database {
  let database: Database | undefined;
  try {
    database = new Database(path, { create: true, readwrite: true, strict: true });
    database.run(`pragma busy_timeout = ${Math.trunc(busyTimeout)}`);
    database.run("pragma journal_mode = wal");
    database.run("pragma synchronous = normal");
    return database;
  } catch (error) {
    database?.close();
    throw new EngineError("unavailable", `Cannot open records ${path}: ${messageOf(error)}`, {
      subject: path,
      cause: error,
    });
  }
}

/** `user_version` counts the layout of the table itself (1) and after it the migrations that have run. */
function migrate(
  database: Database,
  records: Records,
  options: { path: string; migrations: readonly Migration[] },
): void {
  const wanted = options.migrations.length + 1;
  const apply = database.transaction(() => {
    const version =
      database.query<{ user_version: number }, []>("pragma user_version").get()?.user_version ?? 0;
    if (version > wanted) {
      throw new EngineError(
        "unavailable",
        `Cannot open records ${options.path}: version ${version} is newer than ${wanted}, the last one known here`,
        { subject: options.path },
      );
    }
    if (version === wanted) return;
    if (version === 0) database.run(tables);
    // A new file holds nothing that could need a migration.
    const pending = version === 0 ? [] : options.migrations.slice(version - 1);
    for (const migration of pending) migration(records);
    database.run(`pragma user_version = ${wanted}`);
  });
  apply.immediate();
}

function createRecords(database: Database, step: Step): Records {
  return {
    collection: <T>(name: string): Collection<T> => {
      if (!/^[a-z][a-z-]*$/.test(name)) throw new Error(`Bad collection name: ${name}`);
      return createCollection<T>(database, name, step);
    },
    transaction: <T>(work: () => T): T =>
      database
        .transaction(() => {
          const result = work();
          if (result instanceof Promise) throw new Error("A transaction must not await");
          return result;
        })
        .immediate(),
    [Symbol.dispose]: () => database.close(),
  };
}
