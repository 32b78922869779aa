import type { ImageConfig } from "../oci/index.ts";

/** The step that made each layer, lowest first; empty texts where the history does not match the layers. */
export function commandsOf(config: ImageConfig): readonly { command: string; created: string }[] {
  const steps = (config.history ?? []).filter(({ empty_layer }) => !empty_layer);
  const layers = config.rootfs.diff_ids;
  if (steps.length !== layers.length) return layers.map(() => ({ command: "", created: "" }));
  return steps.map(({ created_by = "", comment = "", created = "" }) => ({
    command: created_by || comment,
    created,
  }));
}
