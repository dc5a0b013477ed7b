/**
 * What several ask for at once is read once: who asks while an answer is on its way gets that one. Nothing is kept: who asks after it came
 * has it read anew. Of the messages of one batch all were received before the first of them reads, so none sees what is older than it.
 */
export class InFlight<T> {
  readonly #coming = new Map<string, Promise<T>>();

  read(of: string, work: () => Promise<T>): Promise<T> {
    const coming = this.#coming.get(of);
    if (coming) return coming;
    const answer = work().finally(() => this.#coming.delete(of));
    this.#coming.set(of, answer);
    return answer;
  }
}
