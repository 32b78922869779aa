import { fileURLToPath } from "node:url";

/** A file of the conformance data beside the repository; undefined, with one line said, where that is not there. */
export async function readFixture<T>(name: string): Promise<T | undefined> {
  const path = fileURLToPath(new URL(`../../../../shared/fixtures/${name}`, import.meta.url));
  const file = Bun.file(path);
  if (await file.exists()) return file.json();
  process.stderr.write(`left out: conformance data ${name} is not beside this repository\n`);
  return undefined;
}
