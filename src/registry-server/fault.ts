import { EngineError, isKind, messageOf } from "../base/index.ts";

/** Codes of the OCI distribution specification, with the status that each goes with. */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 413,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const;

export type FaultCode = keyof typeof statuses;

/** A refusal that a client of the registry can act on. */
export class RegistryFault extends Error {
  override readonly name = "RegistryFault";
  readonly code: FaultCode;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: FaultCode,
    message: string,
    options: { detail?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.detail = options.detail ?? null;
    this.headers = options.headers ?? {};
  }
}

/** The answer to a request that failed, in the form that the specification fixes. */
export function faultResponse(error: unknown): Response {
  const fault = toFault(error);
  const { code, message, detail } = fault;
  return new Response(`${JSON.stringify({ errors: [{ code, message, detail }] })}\n`, {
    status: statuses[code],
    headers: { "Content-Type": "application/json", ...fault.headers },
  });
}

function toFault(error: unknown): RegistryFault {
  if (error instanceof RegistryFault) return error;
  if (isKind(error, "invalid")) return new RegistryFault("MANIFEST_INVALID", error.message);
  if (isKind(error, "not-found")) return new RegistryFault("MANIFEST_BLOB_UNKNOWN", error.message);
  if (error instanceof EngineError && error.kind === "not-implemented")
    return new RegistryFault("UNSUPPORTED", error.message);
  return new RegistryFault("UNKNOWN", messageOf(error));
}
