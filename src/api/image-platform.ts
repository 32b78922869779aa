import { EngineError } from "../base/index.ts";
import type { Image } from "../image/index.ts";
import { formatPlatform, matchPlatform, type Platform, parsePlatform } from "../oci/index.ts";

/** The platform a call asks for, as JSON or `os/architecture[/variant]`; undefined when it asks for none. */
export function platformOf(text: string | null): Platform | undefined {
  if (text === null || text === "") return undefined;
  if (!text.startsWith("{")) return parsePlatform(text);
  const { os, architecture, variant } = parseJSON(text);
  if (typeof os !== "string" || typeof architecture !== "string" || !os || !architecture) {
    throw new EngineError("invalid", "both OS and Architecture must be provided", { subject: "platform" });
  }
  return { os, architecture, ...(typeof variant === "string" && variant !== "" ? { variant } : {}) };
}

/** Throws `not-found` in Docker's words when the image is not for the platform. */
export function requirePlatform(image: Image, name: string, platform: Platform | undefined): void {
  if (platform === undefined || matchPlatform(platform, image.config)) return;
  const text = `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(platform)})`;
  throw new EngineError("not-found", text, { subject: name });
}

function parseJSON(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    throw unreadable(text);
  }
}

function unreadable(text: string): EngineError {
  return new EngineError("invalid", `failed to parse platform: ${text}`, { subject: "platform" });
}
