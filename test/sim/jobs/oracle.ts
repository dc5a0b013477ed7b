/** What must hold of data jobs at each write, whatever happened before it. */
import type { ChunkState } from '#core/jobs/chunk.ts';
import type { Job } from '#core/jobs/job.ts';
import { turnLabel } from '#core/jobs/slot-objects.ts';
import type { SlotsSeen, SlotsWanted } from '#core/jobs/slots.ts';
import type { KubernetesObject } from '#core/labels.ts';
import { type Instant, secondsBetween } from '#core/names.ts';
import { sum } from '#core/usage.ts';
import { must } from '../broken.ts';
import type { Invocation } from '../faults.ts';
import type { Around } from './around.ts';

/** A worker that is told to go has so long; its message on the way, and the clock that is asked, a little more. */
const goneSeconds = 30 + 10;

interface Notes {
  job: Job | undefined;
  wanted: SlotsWanted | undefined;
  /** Since when the cluster's stage has nothing more to do for a job that is paused. */
  restsSince: Instant | undefined;
  readonly chunks: Map<string, ChunkState>;
  readonly said: Set<string>;
}

export class JobOracle {
  readonly #cloud: Around;
  /** What each function wrote. */
  readonly #lastOf = new WeakMap<Invocation, Job>();
  /** Of a job, the workers that there are. */
  living: (name: string) => number = () => 0;
  readonly #notes = new Map<string, Notes>();

  constructor(cloud: Around) {
    this.#cloud = cloud;
  }

  get jobs(): readonly Job[] {
    return [...this.#notes.values()].flatMap(({ job }) => job ?? []);
  }

  notesOf(name: string): Notes {
    const known = this.#notes.get(name);
    if (known) return known;
    const notes: Notes = {
      job: undefined,
      wanted: undefined,
      restsSince: undefined,
      chunks: new Map(),
      said: new Set(),
    };
    this.#notes.set(name, notes);
    return notes;
  }

  /** The job that it wrote last. */
  lastOf = (invocation: Invocation): Job | undefined => this.#lastOf.get(invocation);

  /** A person asked for it, heard or not. */
  said(name: string, verb: string): void {
    this.notesOf(name).said.add(verb);
  }

  jobWritten(job: Job, invocation: Invocation): void {
    this.#hold(() => {
      const { name, phase, team } = job;
      const notes = this.notesOf(name);
      notes.job = job;
      this.#lastOf.set(invocation, job);
      const cloud = this.#cloud;
      const { held } = cloud.store.ledgerNow(team);
      must(
        (phase === 'ended') === (held[name] === undefined),
        `${name} is ${phase}, and ${held[name] ? 'holds' : 'does not hold'} its quota`,
      );
      const quota = cloud.functions.configOf('api').teams.find((one) => one.name === team)?.quota;
      const all = sum(Object.values(held));
      must(
        quota !== undefined && all.cpu <= quota.cpu && all.memoryMiB <= quota.memoryMiB,
        `team ${team} holds ${all.cpu} cores and ${all.memoryMiB} MiB, which is more than it may`,
      );
      must(
        !('outcome' in job) || job.outcome !== 'cancelled' || notes.said.has('cancel'),
        `${name} is cancelled, and nobody said so`,
      );
    });
  }

  /** By the job as this function wrote it last; that others wrote since, its next look sees. */
  slotsWanted(wanted: SlotsWanted, invocation: Invocation): void {
    this.#hold(() => {
      const job = this.#lastOf.get(invocation);
      must(job?.name === wanted.name, `workers of ${wanted.name} are wanted, and nobody looked at it`);
      const isOver = job.phase === 'finishing' || job.phase === 'ended' || job.phase === 'retrying';
      const isPaused = !isOver && job.paused;
      const phase = isOver ? 'ending' : isPaused ? 'paused' : 'running';
      const is = wanted.phase === 'paused' && job.phase === 'listing' ? phase : wanted.phase;
      must(is === phase, `${job.name} is ${job.phase}, ${phase}, and its workers are ${wanted.phase}`);
    });
    const notes = this.notesOf(wanted.name);
    notes.wanted = wanted;
    notes.restsSince = undefined;
  }

  slotsSeen({ name, wanted, lookAt, at }: SlotsSeen): void {
    const notes = this.notesOf(name);
    const isPaused = notes.wanted?.phase === 'paused' && notes.wanted.version === wanted;
    const rests = isPaused && lookAt === undefined;
    if (rests && notes.restsSince === undefined) this.#checkLater(name, at);
    notes.restsSince = rests ? (notes.restsSince ?? at) : undefined;
  }

  #checkLater(name: string, since: Instant): void {
    this.#cloud.timeline.in(goneSeconds, `${name} is paused`, () =>
      this.#hold(() => {
        const isSo = this.notesOf(name).restsSince === since && this.living(name) > 0;
        must(!isSo, `${name} is paused since ${since}, and has a worker`);
      }),
    );
  }

  slotMade(cluster: string, { name, namespace = '', labels = {} }: KubernetesObject['metadata']): void {
    this.#hold(() => {
      const notes = this.notesOf(namespace);
      // By who read what was wanted before: it has to be ended again.
      notes.restsSince = undefined;
      const { job } = notes;
      must(job !== undefined, `${name} was made for ${namespace}, which nobody asked for`);
      must(job.cluster === cluster, `${namespace}/${name} was made in ${cluster}`);
      const slot = Number(name.split('-')[1]);
      must(slot < job.request.parallelism, `${namespace} has ${name}, and ${job.request.parallelism} slots`);
      must(labels[turnLabel] !== undefined, `${namespace}/${name} has no turn`);
    });
  }

  chunkWritten(after: ChunkState, invocation: Invocation): void {
    this.#hold(() => {
      const { job: name, chunk, state, parts } = after;
      const { job, restsSince, chunks } = this.notesOf(name);
      const before = chunks.get(chunk.id);
      chunks.set(chunk.id, after);
      const id = `chunk ${chunk.id} of ${name}`;
      must(after.version === (before?.version ?? 0) + 1, `${id}: version ${after.version}`);
      must(before?.state !== 'committed', `${id} is ${state}, and was committed`);
      must(job !== undefined && job.phase !== 'ended', `${id} is ${state}, and the job has ended`);
      const kept = before?.parts ?? [];
      must(
        kept.every((part, i) => JSON.stringify(part) === JSON.stringify(parts[i])),
        `${id} lost what was done of it`,
      );
      if (!invocation.name.startsWith('worker')) return;
      const now = this.#cloud.timeline.now();
      must(
        restsSince === undefined || secondsBetween(restsSince, now) < goneSeconds,
        `${id} is ${state}, and the job is paused since ${restsSince}`,
      );
    });
  }

  #hold(check: () => void): void {
    this.#cloud.oracle.hold(check);
  }
}
