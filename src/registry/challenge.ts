/** One challenge of a `WWW-Authenticate` header: scheme in lower case, parameters by lower-case name. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Headers longer than this are no challenge. */
const longestHeader = 16 * 1024;

const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const parameter = new RegExp(`^(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}|[^,"\\s]+))`);
const scheme = new RegExp(`^(${token})(?:[ \\t]+|$|(?=,))`);

/**
 * Takes a `WWW-Authenticate` header apart (RFC 9110, 11.6.1): several challenges, each with parameters, all with
 * commas between. What cannot be read ends the list.
 */
export function parseChallenges(header: string | null): Challenge[] {
  if (header === null || header.length > longestHeader) return [];
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let rest = header;
  for (;;) {
    rest = rest.replace(/^[\s,]+/, "");
    if (rest === "") return challenges;
    const pair = parameter.exec(rest);
    const current = challenges.at(-1);
    if (pair && current) {
      current.parameters[(pair[1] ?? "").toLowerCase()] = pair[3] ?? (pair[2] ?? "").replace(/\\(.)/g, "$1");
      rest = rest.slice(pair[0].length);
      continue;
    }
    const opening = scheme.exec(rest);
    if (!opening) return challenges;
    challenges.push({ scheme: (opening[1] ?? "").toLowerCase(), parameters: {} });
    rest = rest.slice(opening[0].length);
  }
}
