import { EngineError } from "../base/index.ts";
import type { Image } from "../image/index.ts";
import { formatPlatform, hostPlatform, normalizePlatform, parsePlatform } from "../oci/index.ts";

/**
 * Compares an image's platform with the one that was asked for and with this machine's. Throws `not-found` in
 * Docker's words where it is another than asked, so that clients pull; returns a warning where nothing was asked.
 */
export function checkPlatform(image: Image, asked: { name: string; platform: string }): string[] {
  const { os = "linux", architecture = "", variant } = image.config;
  const own = normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) });
  const host = hostPlatform();
  if (asked.platform !== "") {
    const wanted = parsePlatform(asked.platform);
    if (same(wanted, own)) return [];
    throw new EngineError(
      "not-found",
      `image with reference ${asked.name} was found but its platform (${formatPlatform(own)}) does not match the specified platform (${formatPlatform(wanted)})`,
      { subject: asked.name },
    );
  }
  if (same(host, own)) return [];
  return [
    `The requested image's platform (${formatPlatform(own)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`,
  ];
}

function same(
  wanted: { readonly os: string; readonly architecture: string },
  own: { readonly os: string; readonly architecture: string },
): boolean {
  return wanted.os === own.os && wanted.architecture === own.architecture;
}
