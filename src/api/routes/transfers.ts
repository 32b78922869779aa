import { EngineError, shortID } from "../../base/index.ts";
import { parsePlatform } from "../../oci/index.ts";
import type { Transfer, TransferProgress, Transferred } from "../../transfer/index.ts";
import {
  decodeAuth,
  type ImageCopyRequest,
  type ImageCopyResult,
  type ProgressMessage,
} from "../../wire/index.ts";
import { type Call, type Reply, readJson } from "../call.ts";
import { type Decoder, flag, partial, text } from "../decode.ts";
import { progress } from "../progress.ts";
import { credentialsOf } from "../registry-auth.ts";
import { type Route, route } from "../routes.ts";

const copyBody: Decoder<ImageCopyRequest> = partial<ImageCopyRequest>({
  Source: text,
  Target: text,
  All: flag,
  Platform: text,
  SourceAuth: text,
  TargetAuth: text,
});

/** Images from place to place. */
export function transferRoutes(transfer: Transfer): Route[] {
  return [route("POST", "/gantry/images/copy", (call) => copy(transfer, call))];
}

async function copy(transfer: Transfer, call: Call): Promise<Reply> {
  const { Source = "", Target = "", All = false, Platform, ...auths } = await readJson(call, copyBody);
  if (Source === "" || Target === "")
    throw new EngineError("invalid", "a copy needs a source and a target", { subject: "copy" });
  if (All && Platform)
    throw new EngineError("invalid", "all platforms and one platform exclude each other", {
      subject: "copy",
    });
  const platform = Platform ? parsePlatform(Platform) : undefined;
  return progress(async (report) => {
    const transferred = await transfer.copy(Source, Target, {
      all: All,
      platform,
      sourceCredentials: credentials(auths.SourceAuth),
      targetCredentials: credentials(auths.TargetAuth),
      signal: call.signal,
      report: (event) => report(message(event)),
    });
    const { digest, size } = transferred;
    report({ status: `Digest: ${digest}` });
    report({ status: summary(transferred), aux: result(transferred, { digest, size }) });
  });
}

function credentials(header: string | undefined) {
  const auth = decodeAuth(header);
  return auth && credentialsOf(auth);
}

function message({ digest, status, current, total }: TransferProgress): ProgressMessage {
  const detail = current === undefined || total === undefined ? {} : { progressDetail: { current, total } };
  return { id: shortID(digest), status, ...detail };
}

function result(
  { blobs, bytes }: Transferred,
  { digest, size }: { digest: string; size: number },
): ImageCopyResult {
  return {
    Digest: digest,
    Size: size,
    Copied: blobs.copied,
    There: blobs.there,
    Mounted: blobs.mounted,
    Bytes: bytes,
  };
}

function summary({ blobs, bytes }: Transferred): string {
  const mounted = blobs.mounted > 0 ? `, ${blobs.mounted} mounted` : "";
  return `Status: ${blobs.copied} blobs copied (${bytes} bytes), ${blobs.there} already there${mounted}`;
}
