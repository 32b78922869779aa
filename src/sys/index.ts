export { Discards } from "./discards.ts";
export { getAttribute, lookNear, makeNode, openAt2, resolveFlags, setAttribute } from "./file.ts";
export { type HeldPort, holdPort } from "./host-port.ts";
export { lockFile } from "./lock-file.ts";
export { unmount } from "./mount.ts";
export { dumpNetlink, type NetlinkSocket, netlinkProtocols, openNetlink } from "./netlink-socket.ts";
export {
  createNetworkNamespace,
  removeNetworkNamespace,
  withNetworkNamespace,
} from "./network-namespace.ts";
export { notifyService } from "./notify-service.ts";
export { hasProjectQuotas, isProjectUsed, limitProject, setProject } from "./project-quota.ts";
export { removeTree } from "./remove-tree.ts";
export { hasCode, SystemError } from "./system-error.ts";
export { warmCgroupMoves } from "./warm-cgroup.ts";
export { decompressBlock } from "./zstd.ts";
