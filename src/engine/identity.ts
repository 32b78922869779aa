import { readFile } from "node:fs/promises";
import { atomicWrite, newID } from "../base/index.ts";
import { type EngineOptions, placesOf } from "./options.ts";

/** What an engine notes in its root, so that a later one, or a reset, knows what belongs to it. */
export interface Identity {
  readonly version: 1;
  /** Shown as the engine's ID in `docker info`. */
  readonly id: string;
  readonly runDirectory: string;
  readonly prefix: string;
}

/** Notes run directory and prefix in the root; the ID stays the same for the life of the root. */
export async function writeIdentity(options: EngineOptions): Promise<Identity> {
  const known = await readIdentity(options.root);
  const identity: Identity = {
    version: 1,
    id: known?.id ?? newID().slice(0, 32),
    runDirectory: options.runDirectory,
    prefix: options.prefix,
  };
  await atomicWrite(placesOf(options).identity, `${JSON.stringify(identity)}\n`, { mode: 0o600, sync: true });
  return identity;
}

/** What a root says of itself; undefined when it says nothing that can be understood. */
export async function readIdentity(root: string): Promise<Identity | undefined> {
  const path = placesOf({ root, runDirectory: "" }).identity;
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    const value: unknown = JSON.parse(text);
    return isIdentity(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== "object" || value === null) return false;
  return (
    "id" in value &&
    typeof value.id === "string" &&
    "runDirectory" in value &&
    typeof value.runDirectory === "string" &&
    "prefix" in value &&
    typeof value.prefix === "string"
  );
}
