import { silentLogger } from "../base/index.ts";
import { createRegistryClient } from "./client.ts";
import type { RegistryClient, RegistryOptions } from "./types.ts";

/** A client that loses patience quickly. */
export function testClient(options: Partial<RegistryOptions> = {}): RegistryClient {
  return createRegistryClient(
    {
      mirrors: {},
      insecure: [],
      certificates: [],
      proxy: {},
      userAgent: "gantry/test",
      ...options,
      limits: { header: 2000, idle: 2000, tries: 4, firstWait: 2, longestWait: 20, ...options.limits },
    },
    silentLogger,
  );
}

/** All bytes of a stream. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks));
}

/** What a promise rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("It did not fail");
}
