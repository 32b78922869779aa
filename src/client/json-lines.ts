/** The JSON values of a stream that holds one a line. Empty lines are skipped. */
export async function* jsonLines<T>(body: AsyncIterable<Uint8Array>): AsyncGenerator<T, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      // The engine's shapes are trusted on this side of the wire.
      if (line.trim() !== "") yield JSON.parse(line) as T;
    }
  }
  if (rest.trim() !== "") yield JSON.parse(rest) as T;
}
