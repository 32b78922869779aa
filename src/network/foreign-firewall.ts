import { listChains } from "./chains.ts";

const forwardHook = 2;

/**
 * Chains of others that drop whatever they do not know of what the host passes on, as `family table chain`. A drop
 * is final: our own table cannot let through what such a chain refuses.
 */
export function droppingChains(): readonly string[] {
  return listChains()
    .filter(({ hook, drops }) => hook === forwardHook && drops)
    .map(({ family, table, name }) => `${family} ${table} ${name}`);
}
