import { cString, library } from "./library.ts";
import { check } from "./system-error.ts";

/**
 * Makes a file where absent and locks it for this process; the lock ends with the process or when disposed.
 * Throws with code EWOULDBLOCK (EAGAIN) while another process holds it.
 */
export function lockFile(path: string): Disposable {
  const fd = check(library().gantry_lock_file(cString(path)), "lock", path);
  return { [Symbol.dispose]: () => void library().gantry_close(fd) };
}
