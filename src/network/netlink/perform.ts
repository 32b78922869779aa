import type { NetlinkSocket } from "../../sys/index.ts";
import { type Answer, parseAnswers, throwFailures } from "./answer.ts";
import { encode, type Request } from "./message.ts";

/** Sends requests as one batch; throws `SystemError` for the first that the kernel refused. */
export function perform(socket: NetlinkSocket, requests: readonly Request[]): readonly Answer[] {
  const answers = parseAnswers(socket.transact(encode(requests), requests.length));
  throwFailures(answers, requests);
  return answers;
}
