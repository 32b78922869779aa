/** More than any machine has; a list that names more is no list. */
const most = 8192;

/** The numbers of `0-3,8`; undefined for other text. */
export function parseNumberList(text: string): Set<number> | undefined {
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) return undefined;
    const low = Number(match[1]);
    const high = Number(match[2] ?? match[1]);
    if (low > high || high >= most) return undefined;
    for (let number = low; number <= high; number += 1) numbers.add(number);
  }
  return numbers;
}
