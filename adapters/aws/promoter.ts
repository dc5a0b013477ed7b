/**
 * Promotion in ECR: a digest and all that belongs to it, copied inside the account's own registry (adapters/oci/). The
 * registry's address and the credentials for it come from GetAuthorizationToken, and from nowhere else.
 */
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { Retryable } from '#core/errors.ts';
import type { Digest } from '#core/names.ts';
import type { ImagePromoter } from '#core/ports.ts';
import { copyImage } from '../oci/copy.ts';
import { type Grant, type Pace, Registry } from '../oci/registry.ts';

interface Options {
  readonly pace?: Pace;
  /** When a copy that is not done is left for the next attempt: before the function is stopped in the midst of it. */
  readonly budgetMs?: number;
}

/** ECR's largest part (adapters/oci/upload.ts): the fewer parts, the fewer requests. */
const usual: Pace = { tries: 5, pauseMs: 500, idleMs: 30_000, partBytes: 10 * 1024 * 1024 };
/** One minute less than the function's time (lib/stages/promote.ts). */
const budget = 9 * 60_000;

export class EcrPromoter implements ImagePromoter {
  readonly #client: ECRClient;
  readonly #pace: Pace;
  readonly #budgetMs: number;

  constructor(client: ECRClient = new ECRClient({}), { pace = usual, budgetMs = budget }: Options = {}) {
    this.#client = client;
    this.#pace = pace;
    this.#budgetMs = budgetMs;
  }

  async copy(from: string, to: string, digest: Digest, tag: string): Promise<void> {
    const registry = new Registry(() => this.#grant(), this.#pace);
    const signal = AbortSignal.timeout(this.#budgetMs);
    try {
      await copyImage({ registry, from, to, digest, tag, signal });
    } catch (error) {
      if (!signal.aborted || error instanceof Retryable) throw error;
      throw new Retryable(
        `${from}@${digest} was not copied in ${this.#budgetMs / 1000} s: the next attempt goes on.`,
      );
    } finally {
      registry.close();
    }
  }

  async #grant(): Promise<Grant> {
    const answer = await this.#client.send(new GetAuthorizationTokenCommand({}));
    const grant = answer.authorizationData?.[0];
    if (!grant?.proxyEndpoint || !grant.authorizationToken)
      throw new Retryable('ECR gave no authorization token.');
    return {
      origin: new URL(grant.proxyEndpoint).origin,
      authorization: `Basic ${grant.authorizationToken}`,
    };
  }
}
