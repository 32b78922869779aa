export { openVolumeService } from "./service.ts";
export type { Volume, VolumeCreateOptions, VolumeService } from "./types.ts";
export { diskUsage } from "./usage.ts";
