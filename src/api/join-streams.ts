import { Duplex, type Writable } from "node:stream";
import { drained } from "./write-all.ts";

/** One duplex stream of a request's body and its response, for clients that hijack without an upgrade. */
export function joinStreams(input: NodeJS.ReadableStream, output: Writable): Duplex {
  const joined = new Duplex({
    allowHalfOpen: true,
    read() {
      input.resume();
    },
    write(chunk: Uint8Array, _encoding, done) {
      if (output.destroyed || output.write(chunk)) done();
      else void drained(output).then(() => done());
    },
    final(done) {
      output.end();
      done();
    },
    destroy(error, done) {
      if (!output.writableEnded) output.end();
      done(error);
    },
  });
  input.on("data", (chunk: Uint8Array) => {
    if (!joined.push(chunk)) input.pause();
  });
  input.on("end", () => joined.push(null));
  input.on("error", () => joined.destroy());
  output.on("close", () => joined.destroy());
  return joined;
}
