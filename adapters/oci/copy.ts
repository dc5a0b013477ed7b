/**
 * A digest and all that belongs to it, copied from one repository of a registry to another: the manifests below an
 * index, their blobs, and what refers to any of them. All that is there already is left alone, so that a copy that
 * was stopped goes on where it stopped. The tag comes last: what is found by it is whole.
 */
import { Rejected, Retryable } from '#core/errors.ts';
import { download } from './download.ts';
import { type Descriptor, type Pulled, pullManifest, pushManifest } from './manifest.ts';
import { referrersOf, referrersTag } from './referrers.ts';
import { isOk, type Registry, refused, statusOf } from './registry.ts';
import { discard } from './transport.ts';
import { isThere, Upload, UploadLost } from './upload.ts';

export interface Copying {
  readonly registry: Registry;
  readonly from: string;
  readonly to: string;
  readonly digest: string;
  readonly tag: string;
  readonly signal: AbortSignal;
}

/** Far above any image that is meant; an index that points back at itself by a broken digest would be endless. */
const manifestsCopied = 500;
const manifestBytesHeld = 64 * 1024 * 1024;
const depthCopied = 8;
/** Each holds two parts in memory while it is streamed. */
const blobsAtOnce = 2;
const uploadsBegun = 3;

interface Plan {
  /** What is referred to comes before what refers to it. */
  readonly manifests: readonly Pulled[];
  /** By the digest of their subject. */
  readonly standIns: ReadonlyMap<string, Pulled>;
  readonly blobs: readonly Descriptor[];
}

export async function copyImage(copying: Copying): Promise<void> {
  const { registry, to, digest, tag, signal } = copying;
  const plan = await new Planner(copying).plan();
  await copyBlobs(copying, plan.blobs);
  for (const manifest of plan.manifests) await pushManifest(registry, to, manifest.digest, manifest, signal);
  // Both repositories are of one registry: where these stand in for its referrers API, they do so in both.
  for (const [subject, standIn] of plan.standIns)
    await pushManifest(registry, to, referrersTag(subject), standIn, signal);
  const root = plan.manifests.find((manifest) => manifest.digest === digest);
  if (root) await pushManifest(registry, to, tag, root, signal);
}

class Planner {
  readonly #copying: Copying;
  readonly #seen = new Set<string>();
  readonly #standIns = new Map<string, Pulled>();
  readonly #blobs = new Map<string, Descriptor>();
  #held = 0;

  constructor(copying: Copying) {
    this.#copying = copying;
  }

  async plan(): Promise<Plan> {
    const manifests = await this.#tree(this.#copying.digest, undefined, 0);
    // What refers to a referrer (the signature of an SBOM) comes too: the list grows while it is gone through.
    for (const subject of manifests) manifests.push(...(await this.#referrersOf(subject.digest)));
    return { manifests, standIns: this.#standIns, blobs: [...this.#blobs.values()] };
  }

  async #referrersOf(subject: string): Promise<Pulled[]> {
    const { registry, from, signal } = this.#copying;
    const { descriptors, standIn } = await referrersOf(registry, from, subject, signal);
    if (standIn) this.#standIns.set(subject, standIn);
    const found: Pulled[] = [];
    for (const { digest, size } of descriptors) found.push(...(await this.#tree(digest, size, 0)));
    return found;
  }

  async #tree(digest: string, size: number | undefined, depth: number): Promise<Pulled[]> {
    if (this.#seen.has(digest)) return [];
    this.#seen.add(digest);
    const pulled = await this.#pull(digest, size, depth);
    for (const blob of pulled.blobs) this.#need(blob);
    const below: Pulled[] = [];
    for (const child of pulled.children)
      below.push(...(await this.#tree(child.digest, child.size, depth + 1)));
    return [...below, pulled];
  }

  async #pull(digest: string, size: number | undefined, depth: number): Promise<Pulled> {
    const { registry, from, signal } = this.#copying;
    const pulled = await pullManifest(registry, from, digest, signal);
    if (!pulled) throw new Rejected(`${from}@${digest} is no longer in the registry: push it again.`);
    const { bytes } = pulled;
    if (size !== undefined && size !== bytes.length)
      throw new Rejected(
        `${from}@${digest} has ${bytes.length} bytes, and what refers to it says ${size}: push it again.`,
      );
    this.#held += bytes.length;
    if (depth > depthCopied || this.#seen.size > manifestsCopied || this.#held > manifestBytesHeld)
      throw new Rejected(
        `${from}@${this.#copying.digest} is too large to be copied: at most ${manifestsCopied} manifests, ${depthCopied} deep.`,
      );
    return pulled;
  }

  #need(blob: Descriptor): void {
    const known = this.#blobs.get(blob.digest);
    if (known && known.size !== blob.size)
      throw new Rejected(
        `${this.#copying.from}@${this.#copying.digest} says two sizes of the blob ${blob.digest}: ${known.size} and ${blob.size}.`,
      );
    this.#blobs.set(blob.digest, blob);
  }
}

/** A few at once; the first failure stops the others, and none is under way any more when it is told. */
async function copyBlobs(copying: Copying, blobs: readonly Descriptor[]): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([copying.signal, failed.signal]);
  const waiting = [...blobs];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let blob = waiting.shift(); blob !== undefined; blob = waiting.shift()) {
      if (signal.aborted) return;
      await copyBlob({ ...copying, signal }, blob);
      done += 1;
    }
  };
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    failures.push(error);
    failed.abort();
  };
  await Promise.all(Array.from({ length: blobsAtOnce }, () => work().catch(fail)));
  if (copying.signal.aborted)
    throw new Retryable(`${done} of ${blobs.length} blobs are copied: the next attempt goes on from there.`);
  if (failures.length > 0) throw failures[0];
}

async function copyBlob({ registry, from, to, signal }: Copying, blob: Descriptor): Promise<void> {
  const query = new URLSearchParams({ mount: blob.digest, from });
  for (let left = uploadsBegun; ; left -= 1) {
    if (await isThere(registry, to, blob.digest, signal)) return;
    const begun = await registry.call('POST', `/v2/${to}/blobs/uploads/?${query}`, signal);
    if (statusOf(begun) === 201) return discard(begun);
    if (!isOk(begun)) throw await refused(begun, `no upload of ${blob.digest} to ${to} can be begun`);
    discard(begun);
    const location = await registry.own(begun.headers.location ?? '', 'an upload');
    try {
      const upload = new Upload(registry, to, blob, location, signal);
      return await upload.write(download(registry, from, blob, signal));
    } catch (error) {
      if (!(error instanceof UploadLost)) throw error;
      if (left <= 1) throw new Retryable(`The blob ${blob.digest} was not taken by ${to}: ${error.message}`);
    }
  }
}
