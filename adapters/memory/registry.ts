/** A registry in memory: images by digest, tags that move (but for those of released images), scans as they are set. */

import type { Attached, Attachments, BaseImages, BaseRef, BaseSight } from '#core/build-ports.ts';
import type { Image } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import type { Scan } from '#core/finding.ts';
import { type RepositoryKind, repositoryOf } from '#core/image.ts';
import type { Digest, EnvironmentKey, Instant } from '#core/names.ts';
import type { Clock, ImagePromoter, ImageScanner, RepositoryMaker, RepositoryRemover } from '#core/ports.ts';

/** ECR's page of what refers to an image. */
const listed = 50;

interface Stored {
  readonly pushedAt: Instant;
  readonly tags: Set<string>;
  readonly attached: Map<Digest, Attached>;
  scan: Scan;
}

export class MemoryRegistry
  implements ImageScanner, ImagePromoter, RepositoryMaker, RepositoryRemover, BaseImages, Attachments
{
  readonly #clock: Clock;
  readonly #repositories = new Map<string, Map<Digest, Stored>>();
  /** As ECR: a repository that nobody made takes nothing. */
  onlyMade = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The tag leaves the image that had it. A push of what is there already is no new push. */
  push(repository: string, digest: Digest, tag: string): void {
    if (this.onlyMade && !this.#repositories.has(repository))
      throw new Rejected(`There is no repository ${repository}.`);
    const images = this.#repositories.get(repository) ?? new Map<Digest, Stored>();
    this.#repositories.set(repository, images);
    for (const image of images.values()) image.tags.delete(tag);
    const image = images.get(digest) ?? newImage(wholeSecond(this.#clock.now()));
    image.tags.add(tag);
    images.set(digest, image);
  }

  setScan(repository: string, digest: Digest, scan: Scan): void {
    const image = this.#find(repository, digest);
    if (!image) throw new Error(`${repository}@${digest} is not there to be scanned`);
    image.scan = scan;
  }

  /** What refers to it already is no other one. */
  attach(repository: string, image: Digest, attached: Attached): void {
    this.#find(repository, image)?.attached.set(attached.digest, attached);
  }

  async list(repository: string, image: Digest): Promise<readonly Attached[]> {
    return [...(this.#find(repository, image)?.attached.values() ?? [])].slice(0, listed);
  }

  async make(key: EnvironmentKey): Promise<void> {
    for (const kind of kinds) {
      const name = repositoryOf(kind, key);
      if (!this.#repositories.has(name)) this.#repositories.set(name, new Map());
    }
  }

  async remove(key: EnvironmentKey): Promise<void> {
    for (const kind of kinds) this.#repositories.delete(repositoryOf(kind, key));
  }

  repositories(): readonly string[] {
    return [...this.#repositories.keys()];
  }

  digests(repository: string): readonly Digest[] {
    return [...(this.#repositories.get(repository)?.keys() ?? [])];
  }

  has(repository: string, digest: Digest): boolean {
    return this.#find(repository, digest) !== undefined;
  }

  delete(repository: string, digest: Digest): void {
    this.#repositories.get(repository)?.delete(digest);
  }

  async image(repository: string, digest: Digest): Promise<Image | undefined> {
    const image = this.#find(repository, digest);
    return image && { digest, pushedAt: image.pushedAt, tags: [...image.tags] };
  }

  async imageByTag(repository: string, tag: string): Promise<Image | undefined> {
    for (const [digest, { tags }] of this.#repositories.get(repository) ?? []) {
      if (tags.has(tag)) return this.image(repository, digest);
    }
    return undefined;
  }

  async look({ repository, tag, digest }: BaseRef): Promise<BaseSight | undefined> {
    const image =
      digest !== undefined
        ? await this.image(repository, digest)
        : tag !== undefined && (await this.imageByTag(repository, tag));
    if (!image) return undefined;
    const scan = await this.scan(repository, image.digest);
    const found = scan.status === 'complete' ? scan.findings : [];
    const findings: Record<string, number> = {};
    for (const { severity } of found) findings[severity] = (findings[severity] ?? 0) + 1;
    return {
      digest: image.digest,
      sizeBytes: 1,
      pushedAt: image.pushedAt,
      ...(scan.status === 'complete' && { scan: { completedAt: scan.completedAt, findings } }),
    };
  }

  async scan(repository: string, digest: Digest): Promise<Scan> {
    return this.#find(repository, digest)?.scan ?? { status: 'missing' };
  }

  async copy(from: string, to: string, digest: Digest, tag: string): Promise<void> {
    if (!this.#find(from, digest)) {
      throw new Rejected(`${from}@${digest} is no longer in the registry: push it again.`);
    }
    const taken = await this.imageByTag(to, tag);
    if (taken && taken.digest !== digest) {
      throw new Rejected(`The tag ${tag} of ${to} is immutable and names ${taken.digest}.`);
    }
    this.push(to, digest, tag);
  }

  #find(repository: string, digest: Digest): Stored | undefined {
    return this.#repositories.get(repository)?.get(digest);
  }
}

const kinds: readonly RepositoryKind[] = ['candidate', 'cache', 'release'];
/** ECR's clock knows no parts of it. */
const wholeSecond = (now: Instant): Instant =>
  new Date(Math.floor(Date.parse(now) / 1000) * 1000).toISOString();
const newImage = (pushedAt: Instant): Stored => ({
  pushedAt,
  tags: new Set(),
  attached: new Map(),
  scan: { status: 'pending' },
});
