import { type Digest, digestOf } from "../base/index.ts";

/**
 * The identity of one more layer on a stack (OCI image-spec, config.md, "Layer ChainID"): the diffID itself at the
 * bottom, else the digest of `<parent> <diffID>`.
 */
export function chainID(parent: Digest | undefined, diffID: Digest): Digest {
  return parent === undefined ? diffID : digestOf(`${parent} ${diffID}`);
}

/** The chainID after each layer, lowest first; the last one names the whole stack. */
export function chainIDs(diffIDs: readonly Digest[]): readonly Digest[] {
  const chain: Digest[] = [];
  for (const diffID of diffIDs) chain.push(chainID(chain.at(-1), diffID));
  return chain;
}
