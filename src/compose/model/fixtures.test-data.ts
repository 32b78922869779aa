import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A file of the conformance data. */
export async function readFixture<T>(name: string): Promise<T> {
  const path = join(import.meta.dir, "../../../test/conformance", name);
  return JSON.parse(await readFile(path, "utf8"));
}
