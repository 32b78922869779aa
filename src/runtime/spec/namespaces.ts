import type { LinuxSpec } from "../../oci/index.ts";
import type { NamespaceSource, SpecInput } from "../spec-input.ts";

/** The namespaces init is put into. A host namespace is one that is not listed. */
export function buildNamespaces(
  input: Pick<SpecInput, "network" | "pid" | "ipc" | "uts" | "cgroupNamespace">,
): LinuxSpec["namespaces"] {
  return [
    { type: "mount" },
    ...namespace("network", input.network),
    ...namespace("uts", input.uts),
    ...namespace("pid", input.pid),
    ...namespace("ipc", input.ipc),
    ...(input.cgroupNamespace === "private" ? [{ type: "cgroup" }] : []),
  ];
}

function namespace(type: string, source: NamespaceSource): LinuxSpec["namespaces"] {
  switch (source.kind) {
    case "host":
      return [];
    case "private":
      return [{ type }];
    case "path":
      return [{ type, path: source.path }];
  }
}
