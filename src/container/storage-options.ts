import { EngineError, parseBytes } from "../base/index.ts";
import type { PrepareOptions } from "../snapshot/index.ts";
import type { HostConfig } from "../wire/index.ts";

type Asked = Pick<HostConfig, "StorageOpt">;

/** Throws `invalid`, in Docker's words, for storage options that cannot be kept. */
export function checkStorageOptions(host: Asked, snapshots: { readonly canLimit: boolean }): void {
  const names = Object.keys(host.StorageOpt ?? {});
  if (names.length === 0) return;
  if (!snapshots.canLimit)
    throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  const unknown = names.find((name) => name.toLowerCase() !== "size");
  if (unknown !== undefined) throw invalid(`Unknown option ${unknown.toLowerCase()}`);
  layerOptions(host);
}

/** How the writable layer is made that a container asks for; a size of 0 is none. Throws `invalid` for a bad size. */
export function layerOptions(host: Asked): PrepareOptions {
  const sizes = Object.entries(host.StorageOpt ?? {}).filter(([name]) => name.toLowerCase() === "size");
  const limit = sizes.map(([, size]) => parseBytes(size)).at(-1) ?? 0;
  return limit > 0 ? { limit: Math.min(limit, Number.MAX_SAFE_INTEGER) } : {};
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message, { subject: "storage-opt" });
}
