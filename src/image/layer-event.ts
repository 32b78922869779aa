/** How far a layer has come; the last one is `exists` or `done`. */
export type LayerEvent =
  | { readonly kind: "exists" | "waiting" | "verifying" | "downloaded" }
  | { readonly kind: "downloading" | "unpacking"; readonly bytes: number }
  /** `size` is what it takes unpacked, where that is known. */
  | { readonly kind: "done"; readonly size?: number };
