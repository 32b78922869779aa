import { EngineError } from "../base/index.ts";
import { cleanPath, plainMount, propagations, type WantedMount } from "./wanted-mount.ts";

/** Parses `-v` as the API carries it: `src:dst[:opts]` or `dst`; throws `invalid` with Docker's words. */
export function parseBind(text: string): WantedMount {
  const parts = text.split(":");
  const [first = "", second = "", mode = ""] = parts;
  if (parts.length > 3 || (parts.length > 1 && (first === "" || second === "")) || text === "") {
    throw invalidBind(text, "invalid volume specification");
  }
  if (parts.length === 1)
    return { ...plainMount, type: "volume", source: "", destination: checkTarget(first, text) };
  const isPath = first.startsWith("/");
  const flags = parseMode(mode, isPath ? "bind" : "volume");
  return {
    ...plainMount,
    type: isPath ? "bind" : "volume",
    source: isPath ? cleanPath(first) : checkSource(first, text),
    destination: checkTarget(second, text),
    createSource: isPath,
    ...flags,
    mode: isPath ? mode : mode || "z",
  };
}

/** At most one word of each kind. */
const kinds: readonly ReadonlySet<string>[] = [
  new Set(["ro", "rw"]),
  new Set(["z", "Z"]),
  new Set(["nocopy"]),
  new Set(["cached", "consistent", "delegated"]),
  propagations,
];

function parseMode(mode: string, type: "bind" | "volume") {
  const words = mode.split(",").filter((word) => word !== "");
  const fits = words.every((word) => kinds.some((kind) => kind.has(word)));
  const once = kinds.every((kind) => words.filter((word) => kind.has(word)).length <= 1);
  const propagation = words.find((word) => propagations.has(word)) ?? "";
  const noCopy = words.includes("nocopy");
  if (!fits || !once || (type === "volume" && propagation !== "") || (type === "bind" && noCopy)) {
    throw new EngineError("invalid", `invalid mode: ${mode}`, { subject: mode });
  }
  return { mode, writable: !words.includes("ro"), propagation, noCopy };
}

function checkTarget(path: string, text: string): string {
  if (!path.startsWith("/"))
    throw invalidBind(text, `invalid mount path: '${path}' mount path must be absolute`);
  const clean = cleanPath(path);
  if (clean === "/") throw invalidBind(text, "invalid specification: destination can't be '/'");
  return clean;
}

function checkSource(name: string, text: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return name;
  throw invalidBind(
    text,
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

function invalidBind(text: string, why: string): EngineError {
  return new EngineError(
    "invalid",
    why.includes(text) ? why : `invalid volume specification: '${text}': ${why}`,
    {
      subject: text,
    },
  );
}
