import { rm } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, messageOf, newID } from "../base/index.ts";
import { formatReference, parseReference, withDefaultTag } from "../oci/index.ts";
import type { RegistryClient } from "../registry/index.ts";
import { type ArchiveNeeds, archiveSink, streamSource } from "./archive.ts";
import { type RegistryEnd, registrySink, registrySource } from "./registry-end.ts";
import type { Sink, Source } from "./types.ts";

/** Another engine on this machine. */
export interface RemoteEngine {
  /** `unix:///path` or `tcp://127.0.0.1:port`. */
  readonly host: string;
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

export interface RemoteNeeds extends ArchiveNeeds {
  readonly registries: RegistryClient;
}

/** An image of another engine: of Gantry's by its registry, of Docker's by `docker save`. */
export async function remoteSource(needs: RemoteNeeds, remote: RemoteEngine): Promise<Source> {
  const end = await openRegistry(needs, remote, { Writable: false });
  if (end) return registrySource(end);
  const answer = await ask(remote, "GET", `/images/get?names=${encodeURIComponent(remote.name)}`);
  if (!answer.ok || !answer.body) throw await refusal(remote, answer);
  // It is the only one that was asked for, whatever names it carries.
  return await streamSource(needs, answer.body, {
    name: undefined,
    where: remote.host,
    signal: remote.signal,
  });
}

/** The same as a target: only blobs that a Gantry engine lacks move, to Docker's all of them do. */
export async function remoteSink(needs: RemoteNeeds, remote: RemoteEngine): Promise<Sink> {
  const end = await openRegistry(needs, remote, { Writable: true });
  if (end) return registrySink(end);
  const path = join(needs.temporaryDirectory, `load-${newID().slice(0, 12)}.tar`);
  const name = formatReference(withDefaultTag(parseReference(remote.name)));
  const archive = await archiveSink({ path, name });
  return {
    ...archive,
    async finish(document, signal) {
      await archive.finish(document, signal);
      const answer = await ask(remote, "POST", "/images/load?quiet=1", Bun.file(path));
      const text = await answer.text();
      const error = /"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
      if (!answer.ok || error !== undefined) throw failure(remote, error ?? text.trim());
    },
    async [Symbol.asyncDispose]() {
      await archive[Symbol.asyncDispose]();
      await rm(path, { force: true });
    },
  };
}

/** Has a Gantry engine serve its images on loopback for as long as this end is open; undefined for other engines. */
async function openRegistry(
  needs: RemoteNeeds,
  remote: RemoteEngine,
  options: { readonly Writable: boolean },
): Promise<RegistryEnd | undefined> {
  const password = newID();
  const stop = new AbortController();
  const body = JSON.stringify({
    Address: "127.0.0.1",
    Port: 0,
    User: "transfer",
    Password: password,
    ...options,
  });
  const answer = await ask({ ...remote, signal: stop.signal }, "POST", "/gantry/registries", body);
  if (answer.status === 404 || !answer.body) {
    await answer.body?.cancel();
    return undefined;
  }
  if (!answer.ok) throw await refusal(remote, answer);
  const reader = answer.body.getReader();
  let ended: Promise<void> = Promise.resolve();
  const close = async () => {
    stop.abort();
    await ended;
  };
  try {
    const address = await firstAddress(reader);
    ended = readOn(reader);
    const { path, tag, digest } = withDefaultTag(parseReference(remote.name));
    const credentials = { username: "transfer", password };
    return {
      repository: needs.registries.repository(`${address}/${path}`, { credentials }),
      reference: digest ?? tag ?? "latest",
      signal: remote.signal,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Lines = Pick<ReadableStreamDefaultReader<Uint8Array>, "read">;

/** An answer that nobody reads is given up, and the registry with it. */
async function readOn(reader: Lines): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // It ends so, by `close` or with the engine; what was to be done there tells of it.
  }
}

/** The first line tells where it serves. */
async function firstAddress(reader: Lines): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  const address = /"Address":"([^"]+)"/.exec(text)?.[1];
  if (address === undefined) throw new Error("the engine closed the connection");
  return address;
}

async function ask(
  { host, signal }: Pick<RemoteEngine, "host" | "signal">,
  method: string,
  path: string,
  body?: string | Blob,
): Promise<Response> {
  const socket = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  const base = socket === undefined ? host.replace(/^tcp:/, "http:") : "http://engine";
  const headers = { "Content-Type": typeof body === "string" ? "application/json" : "application/x-tar" };
  try {
    return await fetch(`${base}${path}`, {
      method,
      ...(body === undefined ? {} : { headers, body }),
      ...(signal ? { signal } : {}),
      ...(socket === undefined ? {} : { unix: socket }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new EngineError("unavailable", `Cannot reach the engine at ${host}: ${messageOf(error)}`, {
      subject: host,
      cause: error,
    });
  }
}

async function refusal(remote: RemoteEngine, answer: Response): Promise<EngineError> {
  const text = await answer.text();
  return failure(remote, /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.trim());
}

function failure({ host }: RemoteEngine, text: string): EngineError {
  return new EngineError("unavailable", `the engine at ${host} says: ${text}`, { subject: host });
}
