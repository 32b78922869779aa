export type { Image, ImageProgress, ImageReport, ImageService, Removed, StoredLayer } from "./types.ts";
