import { EngineError } from "../base/index.ts";
import type { Descriptor, Platform } from "./types.ts";

const architectures: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  x64: "amd64",
  aarch64: "arm64",
  i386: "386",
  i486: "386",
  i586: "386",
  i686: "386",
  ia32: "386",
  armhf: "arm",
  armel: "arm",
};

/** Parses `linux/arm64`, `linux/arm/v7`, `arm64` (this system) or `linux` (this machine); throws `invalid`. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const [first = "", second, third] = parts;
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part))) {
    throw new EngineError("invalid", `invalid platform: "${text}"`, { subject: text });
  }
  if (second !== undefined)
    return normalizePlatform({ os: first, architecture: second, ...variantOf(third) });
  const own = hostPlatform();
  if (["linux", "darwin", "windows", "freebsd"].includes(first)) return { ...own, os: first };
  const variant = first === "armel" ? "v6" : undefined;
  return normalizePlatform({ os: own.os, architecture: first, ...variantOf(variant) });
}

/** `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** One spelling for each platform: `aarch64` → `arm64`, `arm64/v8` → `arm64`, `arm` → `arm/v7`. */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const written = platform.architecture.toLowerCase();
  const architecture = architectures[written] ?? written;
  const variant = normalVariant(architecture, platform.variant?.toLowerCase());
  return { os, architecture, ...variantOf(variant) };
}

/** The platform this process runs on. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: process.platform, architecture: process.arch });
}

/** True when an image of platform `available` runs where `wanted` was asked for. */
export function matchPlatform(wanted: Platform, available: Platform): boolean {
  return rank(wanted, available) !== undefined;
}

/**
 * The manifest of an index that serves `wanted` best: the same platform, else the nearest older variant. A
 * manifest without platform serves when nothing else does. Undefined when none does.
 */
export function choosePlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const ranked = manifests
    .map((manifest) => ({
      manifest,
      rank: manifest.platform ? rank(wanted, manifest.platform) : Number.MAX_SAFE_INTEGER,
    }))
    .filter((one): one is { manifest: Descriptor; rank: number } => one.rank !== undefined);
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.manifest;
}

/** 0 for the platform itself, more for those it can also run, undefined for others. */
function rank(wanted: Platform, available: Platform): number | undefined {
  const own = normalizePlatform(wanted);
  const other = formatPlatform(normalizePlatform(available));
  const position = runnable(own).findIndex((one) => formatPlatform(one) === other);
  return position < 0 ? undefined : position;
}

function runnable(platform: Platform): readonly Platform[] {
  const { os, architecture, variant } = platform;
  const arms = (from: number): Platform[] =>
    Array.from({ length: Math.max(0, from - 4) }, (_, i) => ({
      os,
      architecture: "arm",
      variant: `v${from - i}`,
    }));
  if (architecture === "arm" && variant !== undefined && /^v\d+$/.test(variant)) {
    return arms(Number(variant.slice(1)));
  }
  if (architecture === "arm64") return [platform, ...arms(8)];
  if (architecture === "amd64") {
    const level = /^v([2-9])$/.exec(variant ?? "");
    const older = level
      ? Array.from({ length: Number(level[1]) - 2 }, (_, i) => `v${Number(level[1]) - 1 - i}`)
      : [];
    const steps = older.map((one) => ({ os, architecture, variant: one }));
    const plain = variant === undefined ? [] : [{ os, architecture }];
    return [platform, ...steps, ...plain, { os, architecture: "386" }];
  }
  return [platform];
}

function normalVariant(architecture: string, variant: string | undefined): string | undefined {
  if (architecture === "arm64" && (variant === "8" || variant === "v8")) return undefined;
  if (architecture === "amd64" && variant === "v1") return undefined;
  if (architecture === "arm" && (variant === undefined || variant === "")) return "v7";
  if (architecture === "arm" && variant !== undefined && /^\d$/.test(variant)) return `v${variant}`;
  return variant === "" ? undefined : variant;
}

function variantOf(variant: string | undefined): { variant?: string } {
  return variant === undefined ? {} : { variant };
}
