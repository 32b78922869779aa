import { parseChallenges } from "./challenge.ts";
import type { Refusal, RegistryFault } from "./failure.ts";
import { errorLimit } from "./limits.ts";

/** The words of the distribution project for faults that come without any. */
const usualWords: Readonly<Record<string, string>> = {
  UNAUTHORIZED: "authentication required",
  DENIED: "requested access to the resource is denied",
  MANIFEST_UNKNOWN: "manifest unknown",
  NAME_UNKNOWN: "repository name not known to registry",
  BLOB_UNKNOWN: "blob unknown to registry",
  TOOMANYREQUESTS: "too many requests",
};

/** Takes an answer that is no success apart; `body` is the beginning of its body. */
export function parseRefusal(response: Response, body: string): Refusal {
  const { status } = response;
  const faults = [...challengeFaults(response), ...bodyFaults(body, status)];
  const implied = faults.length === 0 ? impliedFault(status) : undefined;
  return {
    status,
    statusText: response.statusText,
    faults: implied ? [implied] : faults,
    body,
    retryAfter: parseRetryAfter(response.headers.get("retry-after")),
  };
}

/** Reads at most `errorLimit` bytes, and nothing that comes too late: an error's body is not worth waiting for. */
export async function readErrorBody(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of chunks) {
      parts.push(chunk.subarray(0, errorLimit - size));
      size += chunk.length;
      if (size >= errorLimit) break;
    }
  } catch {
    // What has come so far will do.
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Milliseconds of a `Retry-After` header: seconds or a date. */
export function parseRetryAfter(text: string | null, now = Date.now()): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** A token that does not reach far enough says so in the challenge (RFC 6750, 3.1). */
function challengeFaults(response: Response): RegistryFault[] {
  if (response.status !== 401 && response.status !== 403) return [];
  const errors = parseChallenges(response.headers.get("www-authenticate")).map((one) => one.parameters.error);
  if (errors.includes("insufficient_scope")) return [fault("DENIED")];
  return [];
}

function bodyFaults(body: string, status: number): RegistryFault[] {
  const document = parseJson(body);
  if (document === undefined) return [];
  if (Array.isArray(document.errors)) return document.errors.flatMap(readFault);
  // A token server's own form, and the one of old Docker registries.
  const { details, error_description: described, error } = document;
  const words = [details, described, error].find((one) => typeof one === "string" && one !== "");
  return typeof words === "string" ? [fault(status === 401 ? "UNAUTHORIZED" : "UNKNOWN", words)] : [];
}

function readFault(value: unknown): RegistryFault[] {
  if (!isObject(value) || typeof value.code !== "string") return [];
  const message = typeof value.message === "string" && value.message !== "" ? value.message : undefined;
  return [fault(value.code, message)];
}

function fault(code: string, message?: string): RegistryFault {
  const known = printable(code.slice(0, longestCode));
  return { code: known, message: printable(message ?? usualWords[known] ?? "unknown error") };
}

const longestCode = 64;
const longestMessage = 1024;

/** Registries are not trusted with a user's terminal. */
export function printable(text: string): string {
  const short = text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
  return short.replace(/\p{Cc}+/gu, " ").trim();
}

function impliedFault(status: number): RegistryFault | undefined {
  if (status === 401) return fault("UNAUTHORIZED");
  if (status === 403) return fault("DENIED");
  if (status === 429) return fault("TOOMANYREQUESTS");
  return undefined;
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
