import type { Database } from "bun:sqlite";
import { EngineError, type Step } from "../base/index.ts";
import type { Collection } from "./types.ts";

interface Row {
  readonly key: string;
  readonly value: string;
}

/**
 * The collection `name` of an open records file. Its statements are prepared once and shared by all calls. Writes
 * are steps: `NAME:put`, `NAME:removed`.
 */
export function createCollection<T>(database: Database, name: string, step: Step): Collection<T> {
  const one = "select key, value from record where collection = ? and key = ?";
  const all = "select key, value from record where collection = ? order by key";
  const upsert =
    "insert into record (collection, key, value) values (?, ?, ?) " +
    "on conflict (collection, key) do update set value = excluded.value";
  const remove = "delete from record where collection = ? and key = ?";

  const find = (key: string): T | undefined => {
    const row = database.query<Row, [string, string]>(one).get(name, key);
    return row ? parse<T>(row.value) : undefined;
  };
  const entries = (): [key: string, value: T][] =>
    database
      .query<Row, [string]>(all)
      .all(name)
      .map((row) => [row.key, parse<T>(row.value)]);
  return {
    find,
    get(key) {
      const value = find(key);
      if (value !== undefined) return value;
      throw new EngineError("not-found", `No such record in ${name}: ${key}`, { subject: key });
    },
    put(key, value) {
      const text = JSON.stringify(value);
      if (text === undefined) throw new Error(`Cannot store ${key} in ${name}: not a JSON value`);
      database.query<never, [string, string, string]>(upsert).run(name, key, text);
      step(`${name}:put`);
    },
    remove(key) {
      database.query<never, [string, string]>(remove).run(name, key);
      step(`${name}:removed`);
    },
    list: () => entries().map(([, value]) => value),
    entries,
  };
}

function parse<T>(text: string): T {
  const value: T = JSON.parse(text);
  return value;
}
