import { EngineError } from "../base/index.ts";
import type { ServeOptions } from "./types.ts";

/** Throws `invalid` for what cannot be served, `denied` for what should not be without being asked for expressly. */
export function checkServeOptions(options: ServeOptions): void {
  const { address, port, login, tls, allowInsecure } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw invalid(`invalid port ${port}`, String(port));
  if (login && (login.user === "" || login.user.includes(":")))
    throw invalid("a user's name must not be empty or hold a colon", login.user);
  if (login?.password === "") throw invalid("the password is empty", login.user);
  if (isLoopback(address) || allowInsecure || (tls && login)) return;
  const missing = [...(tls ? [] : ["TLS"]), ...(login ? [] : ["a password"])].join(" and ");
  throw new EngineError(
    "denied",
    `Cannot serve images on ${address}: whoever reaches it can read them, so it needs ${missing} (--tls-cert, --tls-key, --user, --password-file), or --allow-insecure`,
    { subject: address },
  );
}

export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

function invalid(why: string, subject: string): EngineError {
  return new EngineError("invalid", `Cannot serve images: ${why}`, { subject });
}
