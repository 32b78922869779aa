export type { TransferLimits } from "./collaborators.ts";
export { createImageService } from "./service.ts";
export type {
  Image,
  ImageLease,
  ImageProgress,
  ImageReport,
  ImageService,
  Removed,
  StoredLayer,
  TransferOptions,
  TransferProgress,
  Transferred,
} from "./types.ts";
