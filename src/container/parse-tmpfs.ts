import { EngineError } from "../base/index.ts";
import type { MountSpec } from "../wire/index.ts";
import { cleanPath, plainMount, type WantedMount } from "./wanted-mount.ts";

/** Parses an entry of `HostConfig.Tmpfs`: path and mount words such as `size=64m,exec`. */
export function parseTmpfs(path: string, words: string): WantedMount {
  if (!path.startsWith("/") || cleanPath(path) === "/") {
    throw new EngineError("invalid", `invalid mount path: '${path}' mount path must be absolute`, {
      subject: path,
    });
  }
  const own = words.split(",").filter((word) => word !== "");
  checkWords(own);
  return {
    ...plainMount,
    type: "tmpfs",
    source: "",
    destination: cleanPath(path),
    writable: !own.includes("ro"),
    options: withDefaults(own),
  };
}

/** The mount words of `--mount type=tmpfs`. */
export function tmpfsWords(spec: MountSpec): string[] {
  const { SizeBytes: size, Mode: mode, Options: pairs = [] } = spec.TmpfsOptions ?? {};
  const own = pairs.map((pair) => joinPair(pair));
  checkWords(own);
  return withDefaults([
    ...own,
    ...(size ? [`size=${size}`] : []),
    ...(mode ? [`mode=${mode.toString(8)}`] : []),
    ...(spec.ReadOnly ? ["ro"] : []),
  ]);
}

/** The API carries `["exec"]` and `["uid", "1000"]`. */
function joinPair(pair: readonly string[]): string {
  if (pair.length === 1 || pair.length === 2) return pair.join("=");
  throw new EngineError("invalid", "invalid option array length", { subject: pair.join(" ") });
}

function checkWords(words: readonly string[]): void {
  const bad = words.find((word) => !plainWords.has(word) && !/^(\w+)=[\w:%-]+$/.test(word));
  const badKey = words.find((word) => word.includes("=") && !keys.has(word.slice(0, word.indexOf("="))));
  const wrong = bad ?? badKey;
  if (wrong === undefined) return;
  throw new EngineError("invalid", `invalid tmpfs option ["${wrong}"]`, { subject: wrong });
}

const plainWords: ReadonlySet<string> = new Set(
  [
    "ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime",
    "diratime nodiratime relatime norelatime strictatime nostrictatime",
    "bind rbind private rprivate shared rshared slave rslave unbindable runbindable",
  ].flatMap((line) => line.split(" ")),
);
const keys: ReadonlySet<string> = new Set(["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"]);

function withDefaults(own: readonly string[]): string[] {
  const opposite: Readonly<Record<string, string>> = { noexec: "exec", nosuid: "suid", nodev: "dev" };
  const kept = Object.keys(opposite).filter((word) => !own.includes(opposite[word] ?? ""));
  return [...new Set([...kept, ...own])];
}
