import { EngineError } from "../base/index.ts";
import { formatReference, parseReference, withDefaultTag } from "../oci/index.ts";

/** The full spelling under which a name is recorded. Throws `invalid` for a bad one and for one with a digest. */
export function recordName(text: string): string {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new EngineError("invalid", "refusing to create a tag with a digest reference", { subject: text });
  }
  return formatReference(withDefaultTag(reference));
}
