/**
 * Marks a step of an operation, such as `start:network-opened`: what comes before it is on disk or in the kernel,
 * what comes after it has not begun. Between two marks, a kill is to leave nothing that recovery cannot make good.
 */
export type Step = (name: string) => void;

/** Marks nothing: what every engine outside of fault tests is built with. */
export const noStep: Step = () => {};

/**
 * Steps for fault tests, steered through files in `directory`. Each step passed becomes a line of `passed`. While
 * there is a file `kill` that says `NAME N`, the process ends with SIGKILL at the N-th passing of that step, or of
 * any step for the name `*`, counted from the file's appearance; the file is removed first, so that the next
 * process lives.
 */
export function openSteps(directory: string): Step {
  // Not imported: see `digestOf`.
  const { appendFileSync, existsSync, readFileSync, rmSync } = process.getBuiltinModule("node:fs");
  const killFile = `${directory}/kill`;
  const readOrder = (): string => (existsSync(killFile) ? readFileSync(killFile, "utf8").trim() : "");
  let armed = "";
  let passed = 0;
  return (name) => {
    appendFileSync(`${directory}/passed`, `${name}\n`);
    const order = readOrder();
    if (order !== armed) passed = 0;
    armed = order;
    const [wanted, count = "1"] = order.split(" ");
    if (wanted !== name && wanted !== "*") return;
    passed += 1;
    if (passed < Number(count)) return;
    rmSync(killFile);
    process.kill(process.pid, "SIGKILL");
  };
}
