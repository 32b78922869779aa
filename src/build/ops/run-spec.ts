import { join } from "node:path";
import { shortID } from "../../base/index.ts";
import type { RuntimeSpec, SpecMount } from "../../oci/index.ts";
import {
  buildSpec,
  type HostAbilities,
  type NamespaceSource,
  type ResolvedUser,
} from "../../runtime/index.ts";
import type { RunVertex } from "../dockerfile/index.ts";

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The specification of the container that a RUN step is. Pure. */
export function runSpec(
  vertex: RunVertex,
  options: {
    readonly id: string;
    readonly bundle: string;
    readonly user: ResolvedUser;
    readonly hiddenEnv: readonly string[];
    readonly mounts: readonly SpecMount[];
    readonly network: NamespaceSource;
    readonly shmSize: number | undefined;
    readonly cgroupParent: string;
    readonly abilities: HostAbilities;
  },
): { spec: RuntimeSpec; warnings: readonly string[] } {
  const { id, user, abilities, shmSize } = options;
  return buildSpec({
    args: vertex.args,
    env: environment(vertex.env, options.hiddenEnv, { id, home: user.home || "/" }),
    cwd: vertex.cwd,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    tty: false,
    hostname: shortID(id),
    rootPath: join(options.bundle, "rootfs"),
    readonlyRoot: false,
    mounts: options.mounts,
    network: options.network,
    pid: { kind: "private" },
    ipc: { kind: "private" },
    uts: { kind: "private" },
    cgroupNamespace: abilities.cgroup === "v2" ? "private" : "host",
    privileged: false,
    capAdd: [],
    capDrop: [],
    seccomp: "default",
    noNewPrivileges: false,
    ...(shmSize === undefined ? {} : { shmSize }),
    resources: {},
    rlimits: [],
    sysctls: {},
    devices: [],
    deviceCgroupRules: [],
    cgroupsPath: join(options.cgroupParent, id),
    host: abilities,
  });
}

/** The step's variables, before them what every container has, proxies where the step sets none itself. */
function environment(
  own: readonly string[],
  hidden: readonly string[],
  names: { id: string; home: string },
): string[] {
  const taken = new Set(own.map(keyOf));
  const common = [defaultPath, `HOSTNAME=${shortID(names.id)}`, ...hidden, `HOME=${names.home}`];
  return [...common.filter((entry) => !taken.has(keyOf(entry))), ...own];
}

function keyOf(entry: string): string {
  return entry.slice(0, Math.max(0, entry.indexOf("=")));
}
