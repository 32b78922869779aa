export type { EngineEnd } from "./engine-end.ts";
export type { Transfer, TransferOptions } from "./service.ts";
export { createTransfer } from "./service.ts";
export type { Document, TransferProgress, Transferred } from "./types.ts";
