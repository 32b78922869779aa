import { EngineError } from "../base/index.ts";

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Throws `invalid` with Docker's words for a name that may not stand in a path. */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw new EngineError(
      "invalid",
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
      { subject: name },
    );
  }
  if (!pattern.test(name) || name.length > 255) {
    throw new EngineError(
      "invalid",
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      { subject: name },
    );
  }
}
