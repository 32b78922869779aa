export { type ArchivedImage, readImageArchive } from "./archive-content.ts";
export type { TransferLimits } from "./collaborators.ts";
export type { ImageUser } from "./remove.ts";
export { createImageService } from "./service.ts";
export { tarEnd, tarHeader, tarPadding } from "./tar-writer.ts";
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
