import { CString, dlopen } from "bun:ffi";
import { withNetworkNamespace } from "../../sys/index.ts";

/** A table of the namespace at `path` as nft(8) would print it: what an independent reader sees. For tests. */
export function listTable(path: string, table: string): string {
  return runNft(path, `list table ip ${table}`);
}

/** What nft(8) would print for these commands in the namespace at `path`; nothing when they fail. For tests. */
export function runNft(path: string, commands: string): string {
  const { symbols: nft } = dlopen("libnftables.so.1", {
    nft_ctx_new: { args: ["u32"], returns: "ptr" },
    nft_ctx_free: { args: ["ptr"], returns: "void" },
    nft_ctx_buffer_output: { args: ["ptr"], returns: "i32" },
    nft_ctx_buffer_error: { args: ["ptr"], returns: "i32" },
    nft_ctx_get_output_buffer: { args: ["ptr"], returns: "ptr" },
    nft_run_cmd_from_buffer: { args: ["ptr", "ptr"], returns: "i32" },
  });
  const { context } = withNetworkNamespace(path, () => ({ context: nft.nft_ctx_new(0) }));
  if (typeof context !== "number") throw new Error("Cannot open nftables");
  nft.nft_ctx_buffer_output(context);
  nft.nft_ctx_buffer_error(context);
  const result = nft.nft_run_cmd_from_buffer(context, Buffer.from(`${commands}\0`));
  const text = nft.nft_ctx_get_output_buffer(context);
  const listing = result === 0 && typeof text === "number" ? new CString(text).toString() : "";
  nft.nft_ctx_free(context);
  return listing;
}
