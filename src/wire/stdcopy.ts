/** Stream numbers of Docker's multiplexed framing: `[stream,0,0,0,length as u32 big-endian]` then the payload. */
export const streamNumber = { stdin: 0, stdout: 1, stderr: 2, systemError: 3 } as const;

export const frameHeaderSize = 8;

export interface Frame {
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** One frame as it goes over the wire. */
export function encodeFrame(stream: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderSize + payload.length);
  frame[0] = stream;
  new DataView(frame.buffer).setUint32(4, payload.length);
  frame.set(payload, frameHeaderSize);
  return frame;
}

/** Cuts a byte stream into frames, however the chunks fall; payloads may come in several pieces. */
export class FrameDecoder {
  #header = new Uint8Array(frameHeaderSize);
  #have = 0;
  #left = 0;
  #stream = 0;

  /** The complete or partial payloads that `chunk` holds, in order. Payloads are views into `chunk`. */
  *push(chunk: Uint8Array): Generator<Frame> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, at + this.#left);
        yield { stream: this.#stream, payload: chunk.subarray(at, end) };
        this.#left -= end - at;
        at = end;
        continue;
      }
      const take = Math.min(frameHeaderSize - this.#have, chunk.length - at);
      this.#header.set(chunk.subarray(at, at + take), this.#have);
      this.#have += take;
      at += take;
      if (this.#have === frameHeaderSize) {
        this.#stream = this.#header[0] ?? 0;
        this.#left = new DataView(this.#header.buffer).getUint32(4);
        this.#have = 0;
      }
    }
  }
}
