import { netlinkProtocols, openNetlink } from "../../sys/index.ts";
import { encodeBatch, parseAnswers, throwFailures } from "../netlink/index.ts";
import type { Batch } from "./batch.ts";

/** The firewall of the namespace in which it was opened. Dispose it to let it go. */
export interface NftSocket extends Disposable {
  /**
   * Makes all changes of a batch in one transaction: they take effect at once, or none does. Throws `SystemError`
   * for the first that the kernel refused; the socket is then of no further use.
   */
  commit(batch: Batch): void;
}

/**
 * Opens a socket in the current namespace. It is closed on another thread, since closing waits for the kernel to
 * free what earlier transactions have deleted.
 */
export function openNftSocket(): NftSocket {
  const socket = openNetlink(netlinkProtocols.netfilter);
  return {
    commit: (batch) => {
      const { requests } = batch;
      if (requests.length === 0) return;
      throwFailures(parseAnswers(socket.transact(encodeBatch(requests), 1)), requests);
    },
    [Symbol.dispose]: () => socket.closeInBackground(),
  };
}
