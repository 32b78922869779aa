/** Capabilities to add and to drop, each by its full name and once; what is added is not dropped. */
export function effectiveCapabilities(
  add: readonly string[],
  drop: readonly string[],
): { readonly add: string[]; readonly drop: string[] } {
  const added = normalized(add);
  const dropped = normalized(drop).filter((name) => !added.includes(name));
  return { add: added, drop: dropped };
}

/** `ALL` says it all. */
function normalized(names: readonly string[]): string[] {
  const full = names.map((name) => fullName(name.trim().toUpperCase()));
  return full.includes("ALL") ? ["ALL"] : [...new Set(full)].sort();
}

function fullName(name: string): string {
  return name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`;
}
