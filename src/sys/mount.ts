import { cString, library } from "./library.ts";
import { check } from "./system-error.ts";

/** Flags of mount(2) that the engine uses. */
export const mountFlags = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  remount: 0x20,
  bind: 0x1000,
  recursive: 0x4000,
  private: 0x4_0000,
  slave: 0x8_0000,
} as const;

export interface MountCall {
  readonly source: string;
  readonly target: string;
  readonly type?: string;
  readonly flags?: number;
  readonly data?: string;
}

/** Calls mount(2). */
export function mount(call: MountCall): void {
  const result = library().gantry_mount(
    cString(call.source),
    cString(call.target),
    call.type === undefined ? null : cString(call.type),
    call.flags ?? 0,
    call.data === undefined ? null : cString(call.data),
  );
  check(result, "mount", call.target);
}

/** Calls umount2(2); `detach` (the default) hides the mount at once and lets the kernel free it when unused. */
export function unmount(target: string, options: { detach?: boolean } = {}): void {
  const detachFlag = 2;
  const noFollowFlag = 8;
  const flags = noFollowFlag | (options.detach === false ? 0 : detachFlag);
  check(library().gantry_umount(cString(target), flags), "unmount", target);
}
