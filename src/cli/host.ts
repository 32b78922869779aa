import { resolveIn } from "./resolve-in.ts";

/** Where the engine is looked for when nothing says otherwise. */
export const defaultHost = "unix:///run/gantry/gantry.sock";

/** The host to talk to: the flag, then `GANTRY_HOST`, then `DOCKER_HOST`, then the default socket. */
export function chooseHost(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  return flag || env.GANTRY_HOST || env.DOCKER_HOST || defaultHost;
}

/** Docker's configuration directory: the flag, then `DOCKER_CONFIG`, then `~/.docker`. */
export function chooseConfig(
  flag: string | undefined,
  at: { readonly env: Readonly<Record<string, string | undefined>>; readonly directory: string },
): string {
  return resolveIn(at.directory, flag || at.env.DOCKER_CONFIG || `${at.env.HOME || "/root"}/.docker`);
}
