import { isKind } from "../../../base/index.ts";
import type { RegistryManifest } from "../../../wire/index.ts";
import type { Cli } from "../../cli.ts";
import { ExitError } from "../../exit.ts";
import { registryAuth } from "../../registry/index.ts";

/** A manifest or an index at its registry; throws in Docker's words when there is none. */
export async function fetchManifest(
  cli: Cli,
  reference: string,
  insecure: boolean,
): Promise<RegistryManifest> {
  try {
    return await cli.client.distribution.manifest(reference, {
      auth: await registryAuth(cli, reference),
      insecure: insecure || undefined,
    });
  } catch (error) {
    if (isKind(error, "not-found")) throw new ExitError(1, `no such manifest: ${reference}`);
    throw error;
  }
}

/** Whether it is a list of manifests. */
export function isIndex({ Descriptor }: Pick<RegistryManifest, "Descriptor">): boolean {
  return /manifest\.list|image\.index/.test(Descriptor.mediaType);
}
