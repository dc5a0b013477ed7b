/**
 * An environment as it is stored: one item, one version. `candidate` is the way of its newest image from build to
 * promotion, `release` what the cluster runs; they move apart, so that a new image never disturbs what runs.
 * What exists only after approval can't be written before it: each phase has just its own fields.
 */
import { HostKey } from './host-key.ts';
import { Incident, Notice } from './incident.ts';
import { ClusterName, Digest, EnvironmentKey, Instant } from './names.ts';
import { SnapshotName } from './snapshot-name.ts';
import { Spec } from './spec.ts';
import { Stories } from './story.ts';
import { Leaving, Moved } from './transfer/leaving.ts';
import { Expiry } from './ttl.ts';
import { Amounts } from './usage.ts';
import { Fix } from './verdict.ts';
import { Hours } from './working-hours.ts';
import * as z from './zod.ts';

/** One digest in the candidate repository. The later push is the newer image. */
export const Image = z.object({
  digest: Digest,
  /** By the registry's clock, which knows whole seconds. Source: Amazon ECR API reference, ImageDetail: a timestamp in JSON, as of epoch seconds. */
  pushedAt: Instant,
  tags: z.array(z.string()),
  /** Pushed in the very same second, and heard of before it: late news of them push it no more aside than older ones do. */
  beside: z.optional(z.array(Digest)),
  /** It was built and released before, and taken again: what was pushed before that instant is no newer. */
  takenAt: z.optional(Instant),
});
export type Image = z.infer<typeof Image>;

const since = { since: Instant };
/** When the stage that it waits for is to look, whatever events come: what waits can't be written without it. */
const waits = { lookAt: Instant, ...since };
const build = z.object({
  number: z.int(),
  id: z.optional(z.string()),
  fixes: z.array(Fix),
  /** A person wants nothing of what was built before in it. */
  withoutCache: z.optional(z.boolean()),
  /** Where an image of the same content was released before, that one will do. */
  mayTake: z.optional(z.boolean()),
});
/** The image that a rebuild is to replace: late news of it must not push the rebuild aside. */
const replaces = z.optional(Image);
const basis = z.object({ policyVersion: z.string(), waivers: z.array(z.string()) });
const approval = z.object({ approver: z.string(), approvedAt: Instant, ...basis.shape });

export const Candidate = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('building'), build, replaces, ...waits }),
  z.object({ phase: z.literal('build-failed'), build, replaces, reason: z.string(), ...since }),
  z.object({ phase: z.literal('scanning'), image: Image, ...waits }),
  z.object({ phase: z.literal('blocked'), image: Image, blocking: z.int(), why: z.string(), ...waits }),
  z.object({ phase: z.literal('awaiting-approval'), image: Image, basis, ...waits }),
  z.object({ phase: z.literal('promoting'), image: Image, approval, ...waits }),
  z.object({ phase: z.literal('promoted'), image: Image, approval, ...since }),
  z.object({ phase: z.literal('refused'), image: Image, reason: z.string(), ...since }),
]);
export type Candidate = z.infer<typeof Candidate>;

/** What an image is made of, as the build stage's hash of it (context.ts). */
const Content = z.string().check(z.minLength(1), z.maxLength(128));
/** An image that was approved and released, with what it is made of and what a rebuild had to fix in it. */
export const Known = z.object({ content: Content, image: Image, approval, fixes: z.array(Fix) });
export type Known = z.infer<typeof Known>;

/** A digest that a person approved, and the approval that it was released on. */
export const Released = z.object({ digest: Digest, approval });
export type Released = z.infer<typeof Released>;

const released = Released.shape;
/** What should have run in its place, and why it does not. */
const failed = z.object({ digest: Digest, reason: z.string() });
/** What was Ready before it, and may be gone back to. */
const previous = z.optional(Released);

/** In each phase `digest` is what the cluster is to run now, or is to keep ready to be started. */
export const Release = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('none') }),
  /** Its time begins when the cluster was first asked for it: without `deadline` it was not yet. */
  z.object({
    phase: z.literal('deploying'),
    ...released,
    deadline: z.optional(Instant),
    previous,
    /** How its pods come to another size: written before it is done. */
    resized: z.optional(z.string()),
    ...waits,
  }),
  z.object({ phase: z.literal('rolling-back'), ...released, deadline: Instant, failed, ...waits }),
  z.object({
    phase: z.literal('ready'),
    ...released,
    address: z.string(),
    /** When to ask for its name again; gone when the name points here. */
    pointAt: z.optional(Instant),
    failed: z.optional(failed),
    ...waits,
  }),
  /** It was Ready, or it is what was gone back to. */
  z.object({
    phase: z.literal('unready'),
    ...released,
    reason: z.string(),
    failed: z.optional(failed),
    ...waits,
  }),
  /** It was not Ready in time, and there is nothing to go back to. */
  z.object({ phase: z.literal('held'), ...released, reason: z.string(), previous, ...waits }),
  /** A person stopped it: its pods end. */
  z.object({ phase: z.literal('stopping'), ...released, ...waits }),
  /** No pod is left. The digest is what a start rolls out again. */
  z.object({ phase: z.literal('stopped'), ...released, ...waits }),
]);
export type Release = z.infer<typeof Release>;

/** What of an environment is taken away when it is deleted, each by the stage that made it. */
export const Part = z.enum(['cluster', 'name', 'repositories']);
export type Part = z.infer<typeof Part>;

/** What a person wants with it as a whole. */
export const Life = z.discriminatedUnion('state', [
  z.object({ state: z.literal('running') }),
  z.object({ state: z.literal('stopped'), since: Instant }),
  /** `left` is not seen gone yet. All is looked for twice: the second time for what a slow call made anew (`swept`). */
  z.object({
    state: z.literal('deleting'),
    since: Instant,
    by: z.string(),
    left: z.array(Part).check(z.minLength(1)),
    swept: z.boolean(),
    /** What was told last of a part that goes, or waits. */
    told: z.optional(z.string()),
    lookAt: Instant,
  }),
  /** Its versions and builds go on from here if somebody asks for one of its name. */
  z.object({ state: z.literal('deleted'), since: Instant, by: z.string() }),
]);
export type Life = z.infer<typeof Life>;

export const Environment = z.object({
  key: EnvironmentKey,
  cluster: ClusterName,
  requester: z.string(),
  spec: Spec,
  life: z._default(Life, { state: 'running' }),
  createdAt: Instant,
  /** Every write names the version that it expects and leaves the next one. */
  version: z.int(),
  /** Builds asked for so far; the tag of build n is `build-n`. */
  builds: z.int(),
  /** What the build that was started last makes its image of. */
  builtOf: z.optional(
    z.object({
      build: z.int(),
      content: Content,
      /** Of a Git repository: the security epoch that its layers, and so the cache behind it, are of. */
      epoch: z.optional(z.string()),
    }),
  ),
  /** The newest first. Who asks for one's content again gets it without a build, if it may still be released. */
  known: z._default(z.array(Known), []),
  /** Rebuilds with fixes since the last request, all that they fixed, and how much blocked before the last of them. */
  remediation: z.object({ attempts: z.int(), fixes: z.array(Fix), blockingBefore: z.optional(z.int()) }),
  candidate: Candidate,
  release: Release,
  stories: z.optional(Stories),
  dns: z.optional(z.object({ name: z.string(), target: z.string() })),
  /** By which its SSH server is known, since it first had one. */
  sshHostKey: z.optional(HostKey),
  incidents: z.array(Incident),
  /** The newest OOM that was told of: Kubernetes shows it for as long as the pod lives. */
  lastOomAt: z.optional(Instant),
  /** When the gate is to judge what runs again; absent while nothing is released. */
  recheckAt: z.optional(Instant),
  /** Its end, where its spec has a ttl. */
  expiry: z.optional(Expiry),
  /** Where its spec has working hours. */
  hours: z.optional(Hours),
  /** The snapshot that its volume was made from, since that was seen. */
  filled: z.optional(SnapshotName),
  /** Kept snapshots of one of its name that nobody wants any more: the deployer takes them away. */
  dropping: z.optional(z.object({ snapshots: z.array(SnapshotName).check(z.minLength(1)), lookAt: Instant })),
  /** Where it is to go to another team. */
  leaving: z.optional(Leaving),
  moved: z.optional(Moved),
  /** Another team's, whose place it is to take: its volume is made from that one's. */
  inPlaceOf: z.optional(EnvironmentKey),
  /** What people on call are to be told, oldest first; gone when they were. */
  untold: z.array(Notice),
  /** What of ours the last look found changed and put back: somebody who changes it each time is told of once. */
  repaired: z.optional(z.string()),
});
export type Environment = z.infer<typeof Environment>;

/** What lists show of one: without what is large, its spec first of all; `asks` is what of it counts. */
export const Listed = z.extend(
  z.pick(Environment, {
    key: true,
    cluster: true,
    requester: true,
    life: true,
    createdAt: true,
    version: true,
    candidate: true,
    release: true,
    dns: true,
  }),
  { asks: z.optional(Amounts) },
);
export type Listed = z.infer<typeof Listed>;

/** One word for people: the release while something runs or is about to, else the candidate. */
export function phaseOf({
  life,
  release,
  candidate,
}: Pick<Environment, 'life' | 'release' | 'candidate'>): string {
  if (life.state === 'deleting' || life.state === 'deleted') return life.state;
  return release.phase === 'none' ? candidate.phase : release.phase;
}

/** The newest image known: while one is built, the one that it is to replace. */
export const newestImage = ({ candidate }: Pick<Environment, 'candidate'>): Image | undefined =>
  'image' in candidate ? candidate.image : candidate.replaces;

/** The image whose verdict tells where the environment stands: the newest one, or the one that is being cured. */
export const judgedDigest = (environment: Environment): Digest | undefined =>
  newestImage(environment)?.digest;
