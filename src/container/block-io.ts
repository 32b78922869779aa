import { statSync } from "node:fs";
import { EngineError } from "../base/index.ts";
import type { HostConfig } from "../wire/index.ts";

/** The `blockIO` part of an OCI specification. */
export interface BlockIO {
  readonly weight?: number;
  readonly weightDevice?: readonly DeviceValue[];
  readonly throttleReadBpsDevice?: readonly DeviceValue[];
  readonly throttleWriteBpsDevice?: readonly DeviceValue[];
  readonly throttleReadIOPSDevice?: readonly DeviceValue[];
  readonly throttleWriteIOPSDevice?: readonly DeviceValue[];
}

interface DeviceValue {
  readonly major: number;
  readonly minor: number;
  readonly weight?: number;
  readonly rate?: number;
}

/** Limits on block devices; undefined when none is asked for. Throws `invalid` for a path that is no device. */
export function blockIO(host: HostConfig): BlockIO | undefined {
  const rates = (list: readonly { Path: string; Rate: number }[] | null | undefined) =>
    (list ?? []).map(({ Path, Rate }) => ({ ...deviceAt(Path), rate: Rate }));
  const all = {
    weightDevice: (host.BlkioWeightDevice ?? []).map(({ Path, Weight }) => ({
      ...deviceAt(Path),
      weight: Weight,
    })),
    throttleReadBpsDevice: rates(host.BlkioDeviceReadBps),
    throttleWriteBpsDevice: rates(host.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: rates(host.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: rates(host.BlkioDeviceWriteIOps),
  };
  const asked = Object.entries(all).filter(([, list]) => list.length > 0);
  const limits = { ...(host.BlkioWeight ? { weight: host.BlkioWeight } : {}), ...Object.fromEntries(asked) };
  return Object.keys(limits).length > 0 ? limits : undefined;
}

function deviceAt(path: string): { major: number; minor: number } {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info?.isBlockDevice()) {
    throw new EngineError("invalid", `${path}: no such block device`, { subject: path });
  }
  // Linux's makedev, see <sys/sysmacros.h>.
  const { rdev } = info;
  return { major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) };
}
