import { RegistryError } from "./error.ts";
import type { Answer } from "./transport.ts";

/** Reads a whole body of at most `limit` bytes; throws `invalid` for more. */
export async function readAll(answer: Answer, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body()) {
    size += chunk.length;
    if (size > limit) {
      const { asked } = answer;
      throw new RegistryError(
        "invalid",
        `Cannot read "${asked.url}": the answer has more than ${limit} bytes`,
        { subject: asked.reference ?? asked.repository, status: answer.response.status },
      );
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** Reads a JSON object of at most `limit` bytes; throws `unavailable` for anything else. */
export async function readObject(answer: Answer, limit: number): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readAll(answer, limit);
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value));
    }
  } catch {
    // Said below; the text itself may hold a secret.
  }
  throw new RegistryError("unavailable", `Cannot read "${answer.asked.url}": the answer is no JSON object`, {
    subject: answer.asked.repository,
    status: answer.response.status,
  });
}
