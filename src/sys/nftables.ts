import { CString, dlopen, type Pointer } from "bun:ffi";
import { EngineError } from "../base/index.ts";
import { lazy } from "./lazy.ts";
import { cString } from "./library.ts";

/** The firewall of the namespace in which it was opened. Dispose it to free the context. */
export interface Nftables extends Disposable {
  /**
   * Runs a text of nft commands as one transaction: all take effect at once or none does. Throws `internal` with
   * the library's words.
   */
  run(commands: string): void;
}

/** Opens a context for the current namespace; throws `unavailable` where the library is not installed. */
export function openNftables(): Nftables {
  const nft = nftLibrary();
  const context = nft.nft_ctx_new(0);
  if (typeof context !== "number")
    throw new EngineError("internal", "Cannot open nftables", { subject: "nftables" });
  nft.nft_ctx_buffer_output(context);
  nft.nft_ctx_buffer_error(context);
  return {
    run: (commands) => run(context, commands),
    [Symbol.dispose]: () => nft.nft_ctx_free(context),
  };
}

function run(context: Pointer, commands: string): void {
  const nft = nftLibrary();
  if (nft.nft_run_cmd_from_buffer(context, cString(commands)) === 0) return;
  const text = nft.nft_ctx_get_error_buffer(context);
  const detail = typeof text !== "number" ? "" : new CString(text).toString();
  throw new EngineError("internal", `Cannot change the firewall: ${detail.trim()}`, { subject: "nftables" });
}

const nftLibrary = lazy(() => load("libnftables.so.1").symbols);

function load(name: string) {
  try {
    return dlopen(name, {
      nft_ctx_new: { args: ["u32"], returns: "ptr" },
      nft_ctx_free: { args: ["ptr"], returns: "void" },
      nft_ctx_buffer_output: { args: ["ptr"], returns: "i32" },
      nft_ctx_buffer_error: { args: ["ptr"], returns: "i32" },
      nft_ctx_get_error_buffer: { args: ["ptr"], returns: "ptr" },
      nft_run_cmd_from_buffer: { args: ["ptr", "ptr"], returns: "i32" },
    });
  } catch (cause) {
    throw new EngineError("unavailable", `Cannot load ${name}: install the nftables library`, {
      subject: name,
      cause,
    });
  }
}
