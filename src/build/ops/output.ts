const headerSize = 8;

/**
 * Reads the framed output of a process to its end and reports it as text, both streams in the order of writing.
 * Characters that are cut by a frame are put together again.
 */
export async function reportOutput(
  frames: AsyncIterable<unknown>,
  report: (text: string) => void,
): Promise<void> {
  const decoders = new Map<number, TextDecoder>();
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of frames) {
    if (!(chunk instanceof Uint8Array)) continue;
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let text = "";
    for (let size = frameSize(rest); size !== undefined && rest.length >= size; size = frameSize(rest)) {
      const stream = rest[0] ?? 0;
      const decoder = decoders.get(stream) ?? new TextDecoder();
      decoders.set(stream, decoder);
      text += decoder.decode(rest.subarray(headerSize, size), { stream: true });
      rest = rest.subarray(size);
    }
    if (text !== "") report(text);
  }
  const end = [...decoders.values()].map((decoder) => decoder.decode()).join("");
  if (end !== "") report(end);
}

function frameSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < headerSize) return undefined;
  return headerSize + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
}
