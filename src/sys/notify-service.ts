import { cString, library } from "./library.ts";
import { check } from "./system-error.ts";

/** Tells a service manager something (`READY=1`) over its datagram socket, as sd_notify(3) does. */
export function notifyService(socket: string, text: string): void {
  check(library().gantry_notify(cString(socket), cString(text)), "notify", socket);
}
