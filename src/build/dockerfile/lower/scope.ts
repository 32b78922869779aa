import type { Platform } from "../../../oci/index.ts";
import { DockerfileError } from "../error.ts";
import type { ArgInstruction } from "../instructions/index.ts";
import type { Node } from "../parser/index.ts";
import { ExpansionError, expandText, expandWords } from "../shell/index.ts";

/** What the caller of a build may set. */
export interface ArgValues {
  readonly buildArgs: Readonly<Record<string, string | null>>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  readonly targetStage: string;
}

export interface Expander {
  readonly escape: string;
  readonly variables: ReadonlyMap<string, string>;
}

/** Replaces variables in one word; throws `DockerfileError` at the word. */
export function expand(node: Node, word: string, expander: Expander): string {
  return guarded(node, word, () => expandText(word, expander));
}

/** Replaces variables and splits at the blanks that are then there. */
export function expandToWords(node: Node, word: string, expander: Expander): readonly string[] {
  return guarded(node, word, () => expandWords(word, expander));
}

/** Replaces variables in the content of a heredoc, where quotes mean nothing. */
export function expandContent(node: Node, content: string, expander: Expander): string {
  const options = { variables: expander.variables, escape: "\\", ignoreQuotes: true };
  return guarded(node, content, () => expandText(content, options));
}

function guarded<T>(node: Node, word: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    const shown = word.length > 80 ? `${word.slice(0, 77)}...` : word;
    const message = `failed to process ${JSON.stringify(shown)}: ${error.message}`;
    throw new DockerfileError(message, node.place(word), { cause: error });
  }
}

/** The value that a build was given for an ARG; null counts as not given. */
export function givenValue(values: ArgValues, key: string): string | undefined {
  return Object.hasOwn(values.buildArgs, key) ? (values.buildArgs[key] ?? undefined) : undefined;
}

/** The ARGs before the first FROM and the platform's own, as FROM lines and bare ARGs in stages see them. */
export function globalScope(
  globals: readonly ArgInstruction[],
  values: ArgValues,
  escapeCharacter: string,
): ReadonlyMap<string, string> {
  const scope = platformArgs(values);
  for (const { node, args } of globals) {
    for (const { key, value } of args) {
      const expanded =
        value === undefined ? undefined : expand(node, value, { escape: escapeCharacter, variables: scope });
      const final = givenValue(values, key) ?? expanded;
      if (final !== undefined) scope.set(key, final);
    }
  }
  return scope;
}

function platformArgs(values: ArgValues): Map<string, string> {
  const scope = new Map<string, string>();
  for (const [prefix, platform] of [
    ["TARGET", values.platform],
    ["BUILD", values.buildPlatform],
  ] as const) {
    const { os, architecture, variant } = platform;
    scope.set(
      `${prefix}PLATFORM`,
      variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`,
    );
    scope.set(`${prefix}OS`, os);
    scope.set(`${prefix}ARCH`, architecture);
    scope.set(`${prefix}VARIANT`, variant ?? "");
  }
  scope.set("TARGETSTAGE", values.targetStage);
  for (const key of scope.keys()) {
    const given = givenValue(values, key);
    if (given !== undefined) scope.set(key, given);
  }
  return scope;
}

/** Arguments that RUN sees without an ARG line and that no cache key or history shows. */
const proxyNames = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

export function isProxyArg(name: string): boolean {
  return proxyNames.includes(name);
}

/** `NAME=value` of the proxy arguments that were given. */
export function proxyEnv(buildArgs: Readonly<Record<string, string | null>>): string[] {
  return proxyNames.flatMap((name) => {
    const value = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
    return typeof value === "string" ? [`${name}=${value}`] : [];
  });
}
