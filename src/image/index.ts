export { createImageService } from "./service.ts";
export type {
  Image,
  ImageLease,
  ImageProgress,
  ImageReport,
  ImageService,
  Removed,
  StoredLayer,
} from "./types.ts";
