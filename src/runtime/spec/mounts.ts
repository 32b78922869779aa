import type { SpecMount } from "../../oci/index.ts";
import type { SpecInput } from "../spec-input.ts";

const defaultShmSize = 64 * 1024 * 1024;
/** Kernel interfaces stay writable under a read-only root; masks and their own options guard them. */
const writableUnderReadonlyRoot: ReadonlySet<string> = new Set([
  "/proc",
  "/dev",
  "/dev/pts",
  "/dev/shm",
  "/dev/mqueue",
]);

type MountInput = Pick<
  SpecInput,
  "mounts" | "readonlyRoot" | "privileged" | "ipc" | "shmSize" | "sharedMemory" | "host"
>;

/**
 * The mounts inside a container, in the order in which they are made: the kernel's own, then the caller's,
 * parents before children. A mount of the caller replaces a default one at the same place, and one at `/dev`
 * all below it.
 */
export function buildMounts(input: MountInput): SpecMount[] {
  const taken = new Set(input.mounts.map((mount) => normalize(mount.destination)));
  const kept = defaultMounts(input).filter(
    ({ destination }) => !taken.has(destination) && !(taken.has("/dev") && destination.startsWith("/dev/")),
  );
  const own = input.mounts.map((mount) => ({ ...mount, destination: normalize(mount.destination) }));
  return [...kept.map((mount) => underRoot(mount, input.readonlyRoot)), ...own.sort(byDepth)];
}

function defaultMounts(input: MountInput): SpecMount[] {
  const safe = ["nosuid", "noexec", "nodev"];
  const writing = input.privileged ? "rw" : "ro";
  return [
    { destination: "/proc", type: "proc", source: "proc", options: safe },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: [...safe, writing] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [writing, ...safe] },
    ...ipcMounts(input),
  ];
}

/** Message queues and shared memory belong to the IPC namespace: the host's come with the host's namespace. */
function ipcMounts(input: MountInput): SpecMount[] {
  if (input.ipc.kind === "host") {
    return (input.host.ipcPaths ?? ["/dev/mqueue", "/dev/shm"]).map((path) => ({
      destination: path,
      type: "bind",
      source: path,
      options: ["rbind", "rprivate"],
    }));
  }
  const queues = {
    destination: "/dev/mqueue",
    type: "mqueue",
    source: "mqueue",
    options: ["nosuid", "noexec", "nodev"],
  };
  if (input.sharedMemory === "none") return [queues];
  return [queues, sharedMemory(input)];
}

function sharedMemory({ sharedMemory: shared, shmSize }: MountInput): SpecMount {
  const destination = "/dev/shm";
  if (typeof shared === "object") {
    return { destination, type: "bind", source: shared.from, options: ["rbind", "rprivate"] };
  }
  const options = ["nosuid", "noexec", "nodev", "mode=1777", `size=${shmSize ?? defaultShmSize}`];
  return { destination, type: "tmpfs", source: "shm", options };
}

function underRoot(mount: SpecMount, readonlyRoot: boolean): SpecMount {
  if (!readonlyRoot || writableUnderReadonlyRoot.has(mount.destination)) return mount;
  const options = (mount.options ?? []).filter((option) => option !== "rw" && option !== "ro");
  return { ...mount, options: [...options, "ro"] };
}

function normalize(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return `/${parts.join("/")}`;
}

function byDepth(a: SpecMount, b: SpecMount): number {
  return (
    a.destination.split("/").length - b.destination.split("/").length ||
    (a.destination < b.destination ? -1 : 1)
  );
}
