/** What building images needs of the world: what is built from, builds, and what they print. */
import type { LogLine } from './build-log.ts';
import type { BuildRecord } from './build-record.ts';
import type { Digest, EnvironmentKey, Instant } from './names.ts';
import type { MadeOf } from './provenance.ts';
import type { GitSource } from './source.ts';

/** An image to build from: by its digest, or what its tag names now. */
export type BaseRef = { readonly repository: string } & (
  | { readonly tag: string; readonly digest?: Digest | undefined }
  | { readonly tag?: undefined; readonly digest: Digest }
);
export interface BaseSight {
  readonly digest: Digest;
  /** As it is pulled: compressed. */
  readonly sizeBytes: number;
  readonly pushedAt: Instant;
  /** Its newest, with how much it found of each severity; undefined where the registry has none. */
  readonly scan?: { readonly completedAt: Instant; readonly findings: Readonly<Record<string, number>> };
}
export interface BaseImages {
  /** What the registry says of it; undefined where it does not have it. */
  look(base: BaseRef): Promise<BaseSight | undefined>;
}

/** What refers to an image: its SBOM, its provenance, and what others attached to it. */
export interface Attached {
  /** The media type of the artifact. */
  readonly type: string;
  readonly digest: Digest;
  /** To its content, for whoever has the link, for some minutes; of what our builds attached. */
  readonly url?: string | undefined;
}
export interface Attachments {
  /** @returns the first fifty; none where the registry does not have the image. */
  list(repository: string, image: Digest): Promise<readonly Attached[]>;
}

/** `itself`: by what it ran, so its log says why; `ended`: others ended it. */
export type FailedHow = 'itself' | 'ended';

export interface ImageBuilder {
  /** A base as a reference with its digest; undefined where the registry does not have it. */
  resolveBase(base: BaseRef): Promise<string | undefined>;
  /** Starts the build of `number` once, however often it is asked for. @returns its id. */
  start(build: {
    readonly key: EnvironmentKey;
    readonly number: number;
    readonly context: Readonly<Record<string, string>>;
    /** What is built instead of the context. */
    readonly git?: GitSource | undefined;
    /** Where the credential for it is. */
    readonly gitSecret?: string | undefined;
    /** Nothing of earlier builds is taken; what it makes is kept for later ones. */
    readonly withoutCache?: boolean | undefined;
    /** A tag of its cache repository: what it resolves is kept there. What it is to install again, its context names (lock.ts). */
    readonly lock?: string | undefined;
    /** What its provenance says; without it the image has none. */
    readonly made?: MadeOf | undefined;
  }): Promise<string>;
  status(
    buildId: string,
  ): Promise<
    { readonly ended: false } | { readonly ended: true; readonly failure?: string; readonly how?: FailedHow }
  >;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Where the next page begins. */
  readonly cursor: string;
  /** False where nothing was written behind it yet. */
  readonly more: boolean;
}
export interface BuildLogs {
  /**
   * A page of what a build printed, from its beginning or from a cursor on.
   * @returns undefined where there is no log of it. @throws Rejected for what is no cursor of its.
   */
  read(place: {
    readonly key: EnvironmentKey;
    readonly number: number;
    readonly cursor: string | undefined;
  }): Promise<LogPage | undefined>;
  /** Its last lines in their order, `linesOfATail` at most; none where there is no log of it. */
  tail(place: { readonly key: EnvironmentKey; readonly number: number }): Promise<readonly LogLine[]>;
}

/** What is kept of builds, longer than their logs. */
export interface BuildRecords {
  read(key: EnvironmentKey, number: number): Promise<BuildRecord | undefined>;
  /** The first one stays, unless it is not whole. */
  keep(key: EnvironmentKey, record: BuildRecord): Promise<void>;
}
