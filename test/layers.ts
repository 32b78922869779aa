/** A folder of src/: how high it stands and what it is for. Same level: no imports between them. */
export interface Layer {
  readonly folder: string;
  readonly level: string;
  readonly duty: string;
}

/** The table of docs/ARCHITECTURE.md; a test compares the two. */
export const layers: readonly Layer[] = [
  {
    folder: "base",
    level: "L0",
    duty: "errors, digests, ids, log, locks, streams; knows nothing of containers",
  },
  { folder: "sys", level: "L0", duty: "the kernel's door: typed system calls, errno becomes an error" },
  { folder: "oci", level: "L1", duty: "values and parsers of the OCI specifications" },
  { folder: "records", level: "L1", duty: "durable typed records over SQLite" },
  { folder: "wire", level: "L1", duty: "shapes and codecs of the Docker HTTP API" },
  { folder: "content", level: "L2", duty: "blobs by digest" },
  { folder: "layer", level: "L2", duty: "archive to directory tree and back; hostile input ends here" },
  { folder: "snapshot", level: "L2", duty: "file trees in layers on overlayfs" },
  {
    folder: "registry",
    level: "L2",
    duty: "pull from and push to registries over the distribution protocol",
  },
  { folder: "network", level: "L2", duty: "networks, addresses, ports, name resolution" },
  { folder: "volume", level: "L2", duty: "named volumes" },
  { folder: "runtime", level: "L2", duty: "tasks under the shim and the OCI runtime" },
  { folder: "logs", level: "L2", duty: "reading and following container output" },
  { folder: "image", level: "L3", duty: "image records; load, save, tag, unpack, prune" },
  { folder: "container", level: "L4", duty: "the life of a container, from create to removal" },
  { folder: "build", level: "L4", duty: "Dockerfile to image: parser, instructions, graph, solver" },
  { folder: "budget", level: "L4", duty: "which images go when the disk budget is spent" },
  { folder: "layer-view", level: "L4", duty: "what layers cost and hide, what differs between images" },
  { folder: "registry-server", level: "L4", duty: "the engine's images over the OCI distribution protocol" },
  {
    folder: "transfer",
    level: "L4",
    duty: "images from place to place as they are: registries, files, engines",
  },
  { folder: "engine", level: "L5", duty: "builds every service and wires them; recovery at start" },
  { folder: "api", level: "L6", duty: "the Docker Engine API over HTTP" },
  { folder: "client", level: "C1", duty: "typed client of the HTTP API" },
  { folder: "compose", level: "C2", duty: "Compose: load, observe, plan, execute" },
  { folder: "cli", level: "C3", duty: "the command line" },
];

/** An import that the table alone would refuse. */
export interface Exception {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  readonly reason: string;
}

export const exceptions: readonly Exception[] = [
  { from: "sys", to: "base", typeOnly: false, reason: "an errno becomes an EngineError" },
  {
    from: "container",
    to: "wire",
    typeOnly: true,
    reason:
      "a container's record keeps Docker's Config and HostConfig, so that inspect gives back what was asked",
  },
];

/** Which levels a level may import; `wire` has its own rule, see `mayImport`. */
const below: Readonly<Record<string, readonly string[]>> = {
  L0: [],
  L1: ["L0"],
  L2: ["L0", "L1"],
  L3: ["L0", "L1", "L2"],
  L4: ["L0", "L1", "L2", "L3"],
  L5: ["L0", "L1", "L2", "L3", "L4"],
  L6: ["L0", "L1", "L2", "L3", "L4", "L5"],
  C1: [],
  C2: ["C1"],
  C3: ["C1", "C2"],
};

/** One import statement: who imports what, and whether only types pass. Paths are relative to src/. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** The imports of a source file that lead to other files of src/. Dynamic imports and worker URLs count too. */
export function readImports(path: string, source: string): Import[] {
  const patterns: readonly [RegExp, boolean][] = [
    [/^(?:import|export)\s+type\s+[^"';]*?from\s+"(\.[^"]+)"/gm, true],
    [/^import\s+(?!type\s)[^"';]*?from\s+"(\.[^"]+)"/gm, false],
    [/^export\s+(?!type\s)(?:\*|\{[^}]*\})[^"';]*?from\s+"(\.[^"]+)"/gm, false],
    [/^import\s+"(\.[^"]+)"/gm, false],
    [/\bimport\(\s*"(\.[^"]+)"\s*\)/g, false],
    [/\bnew URL\(\s*"(\.[^"]+\.ts)"/g, false],
  ];
  const found: Import[] = [];
  for (const [pattern, typeOnly] of patterns) {
    for (const match of source.matchAll(pattern)) {
      if (match[1] !== undefined) found.push({ from: path, to: resolvePath(path, match[1]), typeOnly });
    }
  }
  return found;
}

/** Why this import is refused; undefined when it is fine. */
export function refuse(edge: Import, doors: ReadonlySet<string>): string | undefined {
  const describe = `${edge.from} imports ${edge.to}`;
  if (edge.to.startsWith("../"))
    return edge.to === "../package.json" ? undefined : `${describe}: outside src/`;
  const from = topFolder(edge.from);
  const to = topFolder(edge.to);
  if (to === undefined) return `${describe}: nothing may import the entry point`;
  const shut = closedDoor(edge, doors);
  if (shut !== undefined) return `${describe}: ${shut}/ is entered through its index.ts alone`;
  if (from === undefined || from === to) return undefined;
  if (mayImport(from, to)) return undefined;
  const exception = exceptions.find((one) => one.from === from && one.to === to);
  if (exception === undefined)
    return `${describe}: ${from} (${levelOf(from)}) may not use ${to} (${levelOf(to)})`;
  if (exception.typeOnly && !edge.typeOnly) return `${describe}: ${from} may take types alone from ${to}`;
  return undefined;
}

/** Cycles between files, one list of paths each. */
export function findCycles(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const state = new Map<string, "open" | "done">();
  const cycles: string[][] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      cycles.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    state.set(file, "open");
    for (const target of next.get(file) ?? []) visit(target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of next.keys()) visit(file, []);
  return cycles;
}

/** What a file breaks by itself: its name, a default export, module-level variables. */
export function faultsOf(path: string, source: string): string[] {
  const faults: string[] = [];
  if (/(^|\/)(utils?|helpers|misc|common)\.ts$/.test(path))
    faults.push(`${path}: a file is named after its subject`);
  if (/^export default\b|\bas default\b/m.test(source)) faults.push(`${path}: no default exports`);
  if (/^(?:export\s+)?(?:let|var)\s/m.test(source)) faults.push(`${path}: no mutable state at module level`);
  return faults;
}

function mayImport(from: string, to: string): boolean {
  const source = levelOf(from);
  const target = levelOf(to);
  if (source === undefined || target === undefined) return false;
  const client = source.startsWith("C");
  if (to === "wire") return client || from === "api";
  if (to === "base") return from !== "base" && source !== "L0";
  return below[source]?.includes(target) ?? false;
}

function levelOf(folder: string): string | undefined {
  return layers.find((layer) => layer.folder === folder)?.level;
}

/** The folder directly below src/; undefined for a file there (the entry point). */
function topFolder(path: string): string | undefined {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined;
}

/** The outermost folder with a door that the import enters without using it. */
function closedDoor(edge: Import, doors: ReadonlySet<string>): string | undefined {
  const parts = edge.to.split("/");
  for (let depth = 1; depth < parts.length; depth++) {
    const folder = parts.slice(0, depth).join("/");
    const inside = edge.from.startsWith(`${folder}/`);
    if (!inside && (depth === 1 || doors.has(folder))) {
      return edge.to === `${folder}/index.ts` ? undefined : folder;
    }
  }
  return undefined;
}

/** A name that ends in .js means the source of it, as TypeScript reads it. */
function resolvePath(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/").replace(/\.js$/, ".ts");
}
