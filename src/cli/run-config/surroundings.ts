/** What of the command line's surroundings goes into a container's configuration. */
export interface ConfigSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  /** Where the engine is: `unix:///run/gantry/gantry.sock`. */
  readonly engine: string;
  /** Reads a file as text; rejects with the system's error. Relative paths start at `directory`. */
  readText(path: string): Promise<string>;
}
