/** A place in a container's log: which file generation, and the byte in it. */
export interface LogPosition {
  readonly generation: number;
  readonly offset: number;
}
