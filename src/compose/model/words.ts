/**
 * Cuts a command line into words as a shell would: blanks separate, quotes and backslashes protect. Undefined when a
 * quote is not closed.
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== "") {
    const match = /^(?:[^\s"'\\]+|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+/.exec(rest);
    if (!match) return undefined;
    words.push(unquote(match[0]));
    rest = rest.slice(match[0].length).trimStart();
  }
  return words;
}

function unquote(word: string): string {
  return word.replace(/\\([\s\S])|"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'/g, (_, escaped, double, single) => {
    if (typeof escaped === "string") return escaped;
    if (typeof double === "string") return double.replace(/\\(["\\$`\n])/g, "$1");
    return String(single);
  });
}
