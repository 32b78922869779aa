import type { LimitSupport } from "../../runtime/index.ts";
import type { Resources } from "../../wire/index.ts";
import { invalid, unsupported, type Warn } from "./invalid.ts";

type Throttle = "BlkioDeviceReadBps" | "BlkioDeviceWriteBps" | "BlkioDeviceReadIOps" | "BlkioDeviceWriteIOps";

const throttles: readonly { readonly field: Throttle; readonly what: string; readonly given: string }[] = [
  { field: "BlkioDeviceReadBps", what: "BPS Block I/O read limit", given: "Block I/O BPS read limit" },
  { field: "BlkioDeviceWriteBps", what: "BPS Block I/O write limit", given: "Block I/O BPS write limit" },
  { field: "BlkioDeviceReadIOps", what: "IOPS Block read limit", given: "Block I/O IOPS read limit" },
  { field: "BlkioDeviceWriteIOps", what: "IOPS Block write limit", given: "Block I/O IOPS write limit" },
];

/** Weights and rates of block devices. */
export function fitBlockIO(
  wanted: Resources,
  support: LimitSupport,
  warn: Warn,
): Pick<Resources, "BlkioWeight" | "BlkioWeightDevice" | Throttle> {
  const rates = throttles.map(({ field, what, given }) => {
    const list = wanted[field] ?? [];
    if (list.length === 0 || support.blockThrottle) return [field, list] as const;
    warn(unsupported(what, given));
    return [field, []] as const;
  });
  return {
    BlkioWeight: fitWeight(wanted.BlkioWeight ?? 0, support, warn),
    BlkioWeightDevice: fitDeviceWeights(wanted.BlkioWeightDevice ?? [], support, warn),
    ...Object.fromEntries(rates),
  };
}

function fitWeight(weight: number, support: LimitSupport, warn: Warn): number {
  if (weight > 0 && !support.blockWeight) {
    warn(unsupported("Block I/O weight", "Weight"));
    return 0;
  }
  if (weight !== 0 && (weight < 10 || weight > 1000))
    throw invalid("Range of blkio weight is from 10 to 1000");
  return weight;
}

type DeviceWeights = NonNullable<Resources["BlkioWeightDevice"]>;

function fitDeviceWeights(list: DeviceWeights, support: LimitSupport, warn: Warn): DeviceWeights {
  if (list.length === 0 || support.blockWeightDevice) return list;
  warn(unsupported("Block I/O weight_device", "Weight-device"));
  return [];
}
