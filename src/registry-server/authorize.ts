import { createHash, timingSafeEqual } from "node:crypto";
import { RegistryFault } from "./fault.ts";
import type { ServeOptions } from "./types.ts";

/** Throws `UNAUTHORIZED`, with the challenge, unless the request carries user and password. */
export function authorize(login: ServeOptions["login"], headers: Headers): void {
  if (!login) return;
  const [scheme = "", token = ""] = (headers.get("authorization") ?? "").split(" ", 2);
  const sent = scheme.toLowerCase() === "basic" ? Buffer.from(token, "base64").toString("utf8") : "";
  if (same(sent, `${login.user}:${login.password}`)) return;
  throw new RegistryFault("UNAUTHORIZED", "authentication required", {
    headers: { "WWW-Authenticate": 'Basic realm="gantry"' },
  });
}

/** In the same time wherever they differ. */
function same(a: string, b: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
