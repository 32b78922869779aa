import { closeSync, openSync, writeSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { atomicWrite, codeOf, EngineError, isDigest, messageOf } from "../base/index.ts";
import type { ChainID } from "./types.ts";

/** What a snapshot's own files may take. */
export interface LayerLimit {
  readonly bytes: number;
  /** Number of the project that its files belong to on their file system. */
  readonly project: number;
}

/** What is written beside each snapshot, in `snapshot.json`. */
export interface SnapshotRecord {
  readonly parent?: ChainID;
  /** Boot in which it was committed and not yet settled; absent once it is settled. */
  readonly boot?: string;
  /** Milliseconds since the epoch; of committed ones. */
  readonly committed?: number;
  /** Of active ones. */
  readonly limit?: LayerLimit;
}

const fileName = "snapshot.json";
const version = 1;

/** Makes room for the record of a snapshot that nobody sees yet. */
export async function makeEmptyRecord(directory: string): Promise<void> {
  await writeFile(join(directory, fileName), "");
}

/** Fills the empty record of a snapshot that nobody sees yet: no new inode, and no truncation, which may flush. */
export function fillRecord(directory: string, record: SnapshotRecord): void {
  const descriptor = openSync(join(directory, fileName), "r+");
  try {
    writeSync(descriptor, JSON.stringify({ version, ...record }));
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces the record of the snapshot in `directory`. */
export async function writeSnapshotRecord(
  directory: string,
  record: SnapshotRecord,
  options: { sync?: boolean } = {},
): Promise<void> {
  await atomicWrite(join(directory, fileName), JSON.stringify({ version, ...record }), options);
}

/** The record of the snapshot in `directory`; undefined when it has none that can be read. */
export async function readSnapshotRecord(directory: string): Promise<SnapshotRecord | undefined> {
  let text: string;
  try {
    text = await readFile(join(directory, fileName), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  return parseRecord(text, directory);
}

/** The identity of this boot of the machine. */
export async function readBootID(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/** A power cut may leave an empty file where one was written: then nothing is known of the snapshot. */
function parseRecord(text: string, directory: string): SnapshotRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  if (fields.version !== version) {
    throw new EngineError(
      "unavailable",
      `Cannot read snapshot ${directory}: unknown version ${messageOf(fields.version)}`,
      {
        subject: directory,
      },
    );
  }
  const { parent, boot, committed } = fields;
  const limit = parseLimit(fields.limit);
  return {
    ...(typeof parent === "string" && isDigest(parent) ? { parent } : {}),
    ...(typeof boot === "string" ? { boot } : {}),
    ...(typeof committed === "number" ? { committed } : {}),
    ...(limit ? { limit } : {}),
  };
}

function parseLimit(value: unknown): LayerLimit | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { bytes, project }: Readonly<Record<string, unknown>> = { ...value };
  return typeof bytes === "number" && typeof project === "number" ? { bytes, project } : undefined;
}
