/** One cgroup hierarchy of this host. */
export interface CgroupMount {
  readonly version: 1 | 2;
  readonly path: string;
  /** Controllers and names of a v1 hierarchy (`cpu`, `memory`, `name=systemd`); empty for v2. */
  readonly controllers: readonly string[];
}

/** The hierarchies that a process sees, from the text of its `/proc/<pid>/mountinfo`. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const found: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before = "", after] = line.split(" - ");
    const [type, , superOptions = ""] = after?.split(" ") ?? [];
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const path = (before.split(" ")[4] ?? "").replace(/\\(\d{3})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    if (!path.startsWith("/sys/fs/cgroup")) continue;
    const controllers = superOptions
      .split(",")
      .filter(
        (word) => !/^(rw|ro|xattr|noprefix|release_agent=.*|clone_children|cpuset_v2_mode)$/.test(word),
      );
    found.push(
      type === "cgroup2" ? { version: 2, path, controllers: [] } : { version: 1, path, controllers },
    );
  }
  return found;
}

/** `v2`: one tree. `v1`: controllers in trees of their own. `hybrid`: those, and a v2 tree beside them. */
export function cgroupMode(mounts: readonly CgroupMount[]): "v1" | "v2" | "hybrid" {
  const hasV1 = mounts.some(({ version }) => version === 1);
  const hasV2 = mounts.some(({ version }) => version === 2);
  if (!hasV1) return "v2";
  return hasV2 ? "hybrid" : "v1";
}
