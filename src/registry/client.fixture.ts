import { silentLogger } from "../base/index.ts";
import { createRegistryClient } from "./client.ts";
import type { RegistryClient, RegistryOptions } from "./types.ts";

/** A client that tries again at once, and not often. */
export function testClient(options: Partial<RegistryOptions> = {}): RegistryClient {
  return createRegistryClient(
    {
      mirrors: {},
      insecure: [],
      certificates: [],
      proxy: {},
      userAgent: "gantry/test",
      ...options,
      limits: { header: 20_000, idle: 20_000, tries: 4, firstWait: 2, longestWait: 20, ...options.limits },
    },
    silentLogger,
  );
}

/**
 * Runs a scenario of time limits, with short ones and then, as long as it fails, with longer ones: a busy machine is
 * late now and then, what is wrong is wrong with all of them. The scenario takes the limit in milliseconds.
 */
export async function withAnyLimit(scenario: (milliseconds: number) => Promise<void>): Promise<void> {
  for (const milliseconds of [250, 1000]) {
    try {
      return await scenario(milliseconds);
    } catch {}
  }
  await scenario(4000);
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
