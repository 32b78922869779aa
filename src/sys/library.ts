import { dlopen } from "bun:ffi";
import { join } from "node:path";
import { EngineError } from "../base/index.ts";
import { lazy } from "./lazy.ts";

/** Our own native library, loaded at the first call. Throws `unavailable` when it has not been built. */
export const library = lazy(() => load(join(import.meta.dir, "../../build/libgantry.so")).symbols);

/** A C string. Throws `invalid` for text that C would cut short. */
export function cString(text: string): Uint8Array {
  if (text.includes("\0")) {
    throw new EngineError("invalid", "Cannot pass text with a NUL byte to the kernel", { subject: text });
  }
  return Buffer.from(`${text}\0`);
}

function load(path: string) {
  try {
    return dlopen(path, {
      gantry_umount: { args: ["ptr", "i32"], returns: "i32" },
      gantry_cgroup_warm: { args: ["ptr"], returns: "i32" },
      gantry_remove_begin: { args: ["ptr"], returns: "i32" },
      gantry_remove_result: { args: ["i32"], returns: "i32" },
      gantry_netns_create: { args: ["ptr"], returns: "i32" },
      gantry_netns_enter: { args: ["ptr"], returns: "i32" },
      gantry_netns_leave: { args: ["i32"], returns: "i32" },
      gantry_netlink_open: { args: ["i32"], returns: "i32" },
      gantry_netlink_transact: {
        args: ["i32", "ptr", "u32", "i32", "ptr", "u32"],
        returns: "i32",
      },
      gantry_port_bind: { args: ["i32", "u32", "i32", "ptr"], returns: "i32" },
      gantry_lock_file: { args: ["ptr"], returns: "i32" },
      gantry_notify: { args: ["ptr", "ptr"], returns: "i32" },
      gantry_openat2: { args: ["i32", "ptr", "u32", "u32", "u32"], returns: "i32" },
      gantry_lgetxattr: { args: ["ptr", "ptr", "ptr", "u32"], returns: "i32" },
      gantry_lsetxattr: { args: ["ptr", "ptr", "ptr", "u32", "i32"], returns: "i32" },
      gantry_mknod: { args: ["ptr", "u32", "u32", "u32"], returns: "i32" },
      gantry_close: { args: ["i32"], returns: "i32" },
      gantry_project_set: { args: ["ptr", "u32"], returns: "i32" },
      gantry_quota_enforced: { args: ["ptr", "ptr"], returns: "i32" },
      gantry_quota_in_use: { args: ["ptr", "ptr", "u32"], returns: "i32" },
      gantry_quota_limit: { args: ["ptr", "ptr", "u32", "u64"], returns: "i32" },
      gantry_zstd_decompress: { args: ["ptr", "u32", "ptr", "u32"], returns: "i32" },
    });
  } catch (cause) {
    throw new EngineError("unavailable", `Cannot load ${path}: build it with make -C native`, {
      subject: path,
      cause,
    });
  }
}
