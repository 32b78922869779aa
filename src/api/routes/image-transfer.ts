import { isDigest } from "../../base/index.ts";
import type { PullImage } from "../../build/index.ts";
import type { Announce } from "../../container/index.ts";
import type { ImageService, TransferOptions, TransferProgress, Transferred } from "../../image/index.ts";
import { familiarRepository, formatPlatform, parseReference } from "../../oci/index.ts";
import type { ProgressMessage } from "../../wire/index.ts";
import type { Call, Reply } from "../call.ts";
import { platformOf } from "../image-platform.ts";
import { progressOnceBegun } from "../progress.ts";
import { string } from "../query.ts";
import { buildCredentials, callCredentials, withoutLoginPrompt } from "../registry-auth.ts";

export interface ImageTransferNeeds {
  readonly images: Pick<ImageService, "pull" | "push">;
  readonly announce: Announce;
}

/** `POST /images/create` with `fromImage`: a pull. It ends when the client leaves. */
export async function pull(needs: ImageTransferNeeds, call: Call): Promise<Reply> {
  const name = string(call.query, "fromImage");
  const reference = referenceOf(name, string(call.query, "tag"));
  const { tag, digest } = parseReference(reference);
  return await progressOnceBegun(async (report) => {
    const options = { ...transferOptions(call, report), allTags: tag === undefined && digest === undefined };
    const pulled = await withoutLoginPrompt(() => needs.images.pull(reference, options));
    announceAll(needs, "pull", pulled);
  });
}

/** `POST /images/{name}/push`; without `tag` all tags of the repository go. */
export async function push(needs: ImageTransferNeeds, call: Call): Promise<Reply> {
  const name = call.params.name ?? "";
  const tag = string(call.query, "tag");
  const { tag: ownTag } = parseReference(name);
  const reference = tag === "" ? name : `${name}:${tag}`;
  return await progressOnceBegun(async (report) => {
    const options = { ...transferOptions(call, report), allTags: tag === "" && ownTag === undefined };
    const pushed = await withoutLoginPrompt(() => needs.images.push(reference, options));
    announceAll(needs, "push", pushed);
  });
}

function referenceOf(name: string, tag: string): string {
  if (tag === "") return name;
  return isDigest(tag) ? `${name}@${tag}` : `${name}:${tag}`;
}

function transferOptions(call: Call, report: (message: ProgressMessage) => void): TransferOptions {
  // Pulls are given `linux/arm64`, pushes a JSON object, as Docker's API has it.
  const platform = platformOf(call.query.get("platform"));
  return {
    credentials: callCredentials(call),
    platform: platform && formatPlatform(platform),
    signal: call.signal,
    report: (event) => report(transferMessage(event)),
  };
}

/** Brings what a build stands on here, telling of it in the build's stream. */
export function pullForBuild(
  needs: ImageTransferNeeds,
  call: Pick<Call, "request">,
  report: (message: ProgressMessage) => void,
): PullImage {
  const logins = buildCredentials(call);
  return async (reference, options) => {
    const credentials = logins[parseReference(reference).domain];
    const tell = (event: TransferProgress): void => report(transferMessage(event));
    announceAll(needs, "pull", await needs.images.pull(reference, { ...options, credentials, report: tell }));
  };
}

function transferMessage({ id, status, current, total, aux }: TransferProgress): ProgressMessage {
  if (aux !== undefined) return { progressDetail: {}, aux };
  const detail = { ...(current === undefined ? {} : { current }), ...(total === undefined ? {} : { total }) };
  const hasDetail = id !== undefined || current !== undefined;
  return { status, ...(hasDetail ? { progressDetail: detail } : {}), ...(id === undefined ? {} : { id }) };
}

function announceAll(needs: ImageTransferNeeds, action: string, transferred: readonly Transferred[]): void {
  for (const { reference } of transferred) {
    const name = familiarRepository(parseReference(reference));
    needs.announce({ type: "image", action, id: reference, attributes: { name } });
  }
}
