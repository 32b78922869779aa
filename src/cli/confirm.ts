import type { Cli } from "./cli.ts";

/** Shows the question and reads the answer; anything but y or yes is no. */
export async function confirm(cli: Cli, question: string): Promise<boolean> {
  await cli.out.write(`${question} [y/N] `);
  const decoder = new TextDecoder();
  let answer = "";
  for await (const chunk of cli.stdin()) {
    answer += decoder.decode(chunk, { stream: true });
    if (answer.includes("\n")) break;
  }
  return /^\s*y(es)?\s*$/i.test(answer.split("\n")[0] ?? "");
}
