/** Tokens of pods, in memory: a test says whose each is. */
import type { Tokens } from '#core/access-ports.ts';

export class MemoryTokens implements Tokens {
  readonly #namespaces = new Map<string, string>();
  /** How often it was asked. */
  reviews = 0;

  give(token: string, namespace: string): void {
    this.#namespaces.set(token, namespace);
  }

  async namespaceOf(token: string): Promise<string | undefined> {
    this.reviews += 1;
    return this.#namespaces.get(token);
  }
}
