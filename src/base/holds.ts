interface Hold {
  holders: number;
  readonly over: PromiseWithResolvers<void>;
}

/** Who still reads what: the files of something removed are deleted when the last of them is done. */
export class Holds {
  readonly #held = new Map<string, Hold>();

  /** Holds what the key names now, until the result is disposed. */
  take(key: string): Disposable {
    const hold = this.#held.get(key) ?? { holders: 0, over: Promise.withResolvers<void>() };
    this.#held.set(key, hold);
    hold.holders += 1;
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        hold.holders -= 1;
        if (hold.holders > 0) return;
        if (this.#held.get(key) === hold) this.#held.delete(key);
        hold.over.resolve();
      },
    };
  }

  /** From now on the key names something else. Gives what resolves when nobody holds the former; undefined if so now. */
  part(key: string): Promise<void> | undefined {
    const hold = this.#held.get(key);
    this.#held.delete(key);
    return hold?.over.promise;
  }
}
