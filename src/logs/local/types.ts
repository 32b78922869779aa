/** One file of a log, plain or compressed: its content by position. The holder closes it. */
export interface LogBytes {
  /** Of the content, which may be growing. */
  size(): Promise<number>;
  /** Fills `into` from `position` on; gives the number of bytes, less than asked for at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Identifies the file, whatever name it has by now. */
  inode(): Promise<number>;
  close(): Promise<void>;
}
