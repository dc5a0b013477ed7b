/** Builds in memory: started once, ended when told. What a build pushes is for the test to push. */

import type { BaseRef, FailedHow, ImageBuilder } from '#core/build-ports.ts';
import { type Digest, environmentId } from '#core/names.ts';

type Start = Parameters<ImageBuilder['start']>[0];
type Status = Awaited<ReturnType<ImageBuilder['status']>>;

export class MemoryBuilder implements ImageBuilder {
  readonly #registry: string;
  readonly #bases = new Map<string, Digest>();
  readonly #ended = new Map<string, Status>();
  /** By id, in the order in which they were started. */
  readonly builds = new Map<string, Start>();

  constructor(registry: string) {
    this.#registry = registry;
  }

  addBase(repository: string, tag: string, digest: Digest): void {
    this.#bases.set(`${repository}:${tag}`, digest);
  }

  end(id: string, failure?: string, how: FailedHow = 'itself'): void {
    this.#ended.set(id, { ended: true, ...(failure === undefined ? {} : { failure, how }) });
  }

  async resolveBase({ repository, tag, digest: pinned }: BaseRef): Promise<string | undefined> {
    const isThere = [...this.#bases].some(
      ([name, digest]) => name.startsWith(`${repository}:`) && digest === pinned,
    );
    const digest =
      pinned === undefined ? this.#bases.get(`${repository}:${tag}`) : isThere ? pinned : undefined;
    return digest && `${this.#registry}/${repository}@${digest}`;
  }

  async start(build: Start): Promise<string> {
    const id = `build:${environmentId(build.key)}:${build.number}`;
    if (!this.builds.has(id)) this.builds.set(id, build);
    return id;
  }

  async status(id: string): Promise<Status> {
    if (!this.builds.has(id)) return { ended: true, failure: `no build ${id} is known` };
    return this.#ended.get(id) ?? { ended: false };
  }
}
