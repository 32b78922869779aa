/** Characters that a step may say before its turn; what is beyond is dropped, with a note. */
const mostKept = 4 * 1024 * 1024;
const clipped = "\n[output clipped]\n";

/**
 * Puts the words of steps that run side by side in order: the step at the head speaks at once, the others are
 * kept until their turn.
 */
export class StepReport {
  readonly #say: (text: string) => void;
  readonly #kept = new Map<number, string>();
  readonly #shown = new Set<number>();
  #head = -1;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Says `header` and what the step said before its turn; from now on it speaks at once. */
  begin(step: number, header: string): void {
    this.#head = step;
    this.#shown.add(step);
    this.#emit(header + (this.#kept.get(step) ?? ""));
    this.#kept.delete(step);
  }

  /** What a step has to say. */
  write(step: number, text: string): void {
    if (step === this.#head) {
      this.#emit(text);
      return;
    }
    const kept = this.#kept.get(step) ?? "";
    if (kept.length >= mostKept) return;
    const all = kept + text;
    this.#kept.set(step, all.length < mostKept ? all : all.slice(0, mostKept) + clipped);
  }

  /** Shows a step out of turn because it ended everything. */
  reveal(step: number, header: string): void {
    if (!this.#shown.has(step)) this.begin(step, header);
  }

  #emit(text: string): void {
    if (text !== "") this.#say(text);
  }
}
