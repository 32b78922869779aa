import { codeOf, type ErrorKind, messageOf } from "../base/index.ts";
import { RegistryError } from "./error.ts";

/** An error of a registry's answer: `{"code":"DENIED","message":"…"}`. */
export interface RegistryFault {
  readonly code: string;
  readonly message: string;
}

/** What a registry refused: its faults and the HTTP status. */
export interface Refusal {
  readonly status: number;
  readonly statusText: string;
  readonly faults: readonly RegistryFault[];
  /** The beginning of a body that is no list of faults. */
  readonly body: string;
  readonly retryAfter: number | undefined;
}

/** What was asked, for the words of a failure. */
export interface Asked {
  readonly method: string;
  /** Without query and user information: those may hold secrets. */
  readonly url: string;
  /** `redis`, `127.0.0.1:5000/app`: how people write the repository. */
  readonly repository: string;
  /** `redis:7`, when a manifest was asked for. */
  readonly reference?: string;
}

/** How a fault reads, as the distribution project prints it: `manifest unknown: manifest unknown`. */
export function faultText(fault: RegistryFault): string {
  const code = fault.code.toLowerCase().replaceAll("_", " ");
  return `${code}: ${fault.message}`;
}

/** A refusal as the error that Docker would print. */
export function refusalError(refusal: Refusal, asked: Asked): RegistryError {
  const first = refusal.faults[0];
  const { status } = refusal;
  const options = {
    subject: asked.reference ?? asked.repository,
    codes: refusal.faults.map((fault) => fault.code),
    status,
    retryable: isTransient(refusal),
    retryAfter: refusal.retryAfter,
  };
  if (!first) return new RegistryError(kindOf(status), unexpected(refusal, asked), options);
  const cause = faultText(first);
  switch (first.code) {
    case "DENIED":
      return new RegistryError("not-found", deniedText(asked, cause), options);
    case "MANIFEST_UNKNOWN":
      return new RegistryError(
        "not-found",
        `manifest for ${asked.reference ?? asked.repository} not found: ${cause}`,
        options,
      );
    case "NAME_UNKNOWN":
      return new RegistryError("not-found", `repository ${asked.repository} not found: ${cause}`, options);
    default:
      return new RegistryError(kindOf(status), cause, options);
  }
}

function deniedText(asked: Asked, cause: string): string {
  const reads = asked.method === "GET" || asked.method === "HEAD";
  if (!reads) return cause;
  return `pull access denied for ${asked.repository}, repository does not exist or may require 'docker login': ${cause}`;
}

function unexpected(refusal: Refusal, asked: Asked): string {
  if (refusal.status >= 500) {
    return `received unexpected HTTP status: ${refusal.status} ${refusal.statusText}`.trim();
  }
  const status = `${refusal.status} ${refusal.statusText}`.trim();
  const body = refusal.body.trim();
  const told = body === "" || /^\s*</.test(body) ? "" : `: ${JSON.stringify(body.slice(0, 200))}`;
  return `${verb(asked.method)} "${asked.url}": received unexpected HTTP status: ${status}${told}`;
}

function kindOf(status: number): ErrorKind {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "denied";
  if (status === 404) return "not-found";
  if (status === 429 || status >= 500) return "unavailable";
  return status >= 400 ? "invalid" : "internal";
}

function isTransient({ status, faults }: Refusal): boolean {
  if (faults.some((fault) => fault.code === "TOOMANYREQUESTS" || fault.code === "UNAVAILABLE")) return true;
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** What `fetch` threw, in the words of Docker's HTTP library. `proxy` is what was between, if anything was. */
export function connectionError(error: unknown, asked: Asked, proxy?: string): RegistryError {
  const { text, retryable = false, reached = true } = describe(error, new URL(asked.url), proxy);
  return new RegistryError("unavailable", `${verb(asked.method)} "${asked.url}": ${text}`, {
    subject: asked.repository,
    retryable,
    reached,
    cause: error,
  });
}

interface Described {
  readonly text: string;
  readonly retryable?: boolean;
  readonly reached?: boolean;
}

function describe(error: unknown, url: URL, proxy: string | undefined): Described {
  const peer = proxy === undefined ? url : new URL(proxy);
  const address = `${peer.hostname}:${peer.port || (peer.protocol === "https:" ? "443" : "80")}`;
  const dial = proxy === undefined ? "dial tcp" : "proxyconnect tcp: dial tcp";
  const code = codeOf(error) ?? "";
  if (code === "ENOTFOUND") return { text: `${dial}: lookup ${peer.hostname}: no such host`, reached: false };
  const unreached = passing[code];
  if (unreached !== undefined) {
    return { text: `${dial} ${address}: connect: ${unreached}`, retryable: true, reached: false };
  }
  return said[code] ?? describeCertificate(code, url) ?? { text: plainWords(messageOf(error)) };
}

/** Failures to connect that may go away by themselves, as the system calls them. */
const passing: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
};

/** What went wrong on a connection. */
const said: Readonly<Record<string, Described>> = {
  ECONNRESET: { text: "EOF", retryable: true },
  EPIPE: { text: "EOF", retryable: true },
  EPROTO: { text: "http: server gave HTTP response to HTTPS client" },
  Malformed_HTTP_Response: { text: "net/http: malformed HTTP response" },
  InvalidHTTPResponse: { text: "net/http: malformed HTTP response" },
  InvalidContentLength: { text: "net/http: malformed HTTP response: bad Content-Length" },
  ResponseHeadersTooLarge: { text: "net/http: server response headers exceeded the limit; aborted" },
};

function describeCertificate(code: string, url: URL): Described | undefined {
  if (/SELF_SIGNED|VERIFY_LEAF|ISSUER_CERT/.test(code)) {
    return { text: unverified("certificate signed by unknown authority") };
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return { text: unverified("certificate has expired or is not yet valid") };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return { text: unverified(`certificate is not valid for ${url.hostname}`) };
  }
  return undefined;
}

/** Without what the runtime says to programmers. */
function plainWords(message: string): string {
  return message.replace(/\.? For more information, pass .*$/s, "");
}

function unverified(text: string): string {
  return `tls: failed to verify certificate: x509: ${text}`;
}

/** `Get`, `Head`, …: how Go spells a method in front of a URL. */
export function verb(method: string): string {
  return `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
}
