/** `repository[:tag]` taken apart; a digest counts as the tag. The engine knows the rules for each part. */
export function splitReference(text: string): {
  readonly repository: string;
  readonly tag: string | undefined;
} {
  const at = text.indexOf("@");
  if (at >= 0) return { repository: text.slice(0, at).replace(/:[^/:]*$/, ""), tag: text.slice(at + 1) };
  const colon = text.lastIndexOf(":");
  if (colon < 0 || text.indexOf("/", colon) >= 0) return { repository: text, tag: undefined };
  return { repository: text.slice(0, colon), tag: text.slice(colon + 1) };
}
