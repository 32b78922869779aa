import type { Descriptor } from "../oci/index.ts";

/** True for an entry of an index that tells of another one (provenance, bill of materials) and cannot be run. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return platform?.os === "unknown" || annotations?.["vnd.docker.reference.type"] === "attestation-manifest";
}
