import { EngineError } from "../base/index.ts";

/** API versions that are served. */
export const newestVersion = "1.51";
export const oldestVersion = "1.24";

/** `1.47` as a number that compares: 147. */
export function versionNumber(text: string): number {
  const [major = "", minor = ""] = text.split(".");
  return Number(major) * 100 + Number(minor);
}

/** Splits `/v1.47/containers/json`; without prefix the newest version holds. Throws `invalid` in Docker's words. */
export function splitVersion(path: string): { version: number; rest: string } {
  const match = /^\/v(\d+\.\d+)(\/.*)$/.exec(path);
  if (!match) return { version: versionNumber(newestVersion), rest: path };
  const [, text = "", rest = "/"] = match;
  const version = versionNumber(text);
  if (version < versionNumber(oldestVersion)) {
    throw new EngineError(
      "invalid",
      `client version ${text} is too old. Minimum supported API version is ${oldestVersion}, please upgrade your client to a newer version`,
      { subject: text },
    );
  }
  if (version > versionNumber(newestVersion)) {
    throw new EngineError(
      "invalid",
      `client version ${text} is too new. Maximum supported API version is ${newestVersion}`,
      { subject: text },
    );
  }
  return { version, rest };
}
