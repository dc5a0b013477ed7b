/**
 * What must hold of standing jobs at each write: no cause is made up, forgotten or started twice, and what people said holds from then on.
 * It knows what was uploaded, what ended and what people said from the world itself.
 */
import type { Job } from '#core/jobs/job.ts';
import type { Cause, StandingKey } from '#core/jobs/standing/cause.ts';
import type { StandingChange } from '#core/jobs/standing/ports.ts';
import { isLive, type LiveStanding, type Run, type Standing } from '#core/jobs/standing/standing.ts';
import { environmentId, type Instant, secondsBetween } from '#core/names.ts';
import { isSame } from '#core/same.ts';
import { must } from '../../broken.ts';
import type { Invocation } from '../../faults.ts';
import type { Around } from '../around.ts';
import { causesOf, idOf, runText, type Uploaded, whyNotSo, whyUntrue } from './causes.ts';

/** Reconcile's minute, its messages on their way, and a function that runs. */
const dueSeconds = 60 + 30;

interface Notes {
  readonly key: StandingKey;
  standing: Standing | undefined;
  /** Since when nobody has changed what starts it, or whether anything does. */
  steadySince: Instant;
  /** Before that: when who wrote it last began, by whose clock it counts. */
  saidSince: Instant;
  /** By its id, since the standing job was asked for. */
  causes: Map<string, Cause>;
  readonly said: Set<string>;
}

interface End {
  readonly outcome: string;
  readonly at: Instant;
  /** As the job says it: what is written of it later is no other end. */
  readonly since: Instant;
}

export class StandingOracle {
  readonly #cloud: Around;
  readonly #notes = new Map<string, Notes>();
  /** What was started, by whom and for what. */
  readonly #started = new Map<string, string>();
  readonly uploads: Uploaded[] = [];
  /** Of jobs, by their names. */
  readonly #ends = new Map<string, End[]>();

  constructor(cloud: Around) {
    this.#cloud = cloud;
  }

  get all(): readonly Notes[] {
    return [...this.#notes.values()];
  }

  endsOf = (job: string): readonly End[] => this.#ends.get(job) ?? [];

  #notesOf(key: StandingKey): Notes {
    const id = environmentId(key);
    const known = this.#notes.get(id);
    if (known) return known;
    const { team, name } = key;
    const steadySince = this.#cloud.timeline.now();
    const notes = {
      key: { team, name },
      standing: undefined,
      steadySince,
      saidSince: steadySince,
      causes: new Map(),
      said: new Set<string>(),
    };
    this.#notes.set(id, notes);
    return notes;
  }

  /** A person asked for it, heard or not. */
  said(key: StandingKey, verb: string): void {
    this.#notesOf(key).said.add(verb);
  }

  uploaded(upload: Uploaded): void {
    this.uploads.push(upload);
  }

  jobWritten(job: Job, told: StandingChange | undefined): void {
    const { name, standing, phase } = job;
    const now = this.#cloud.timeline.now();
    const ends = this.endsOf(name);
    if (phase === 'ended' && ends.at(-1)?.since !== job.since)
      this.#ends.set(name, [...ends, { outcome: job.outcome, at: now, since: job.since }]);
    if (standing === undefined || job.version > 1) return;
    this.#cloud.oracle.hold(() => this.#checkStart(job, told));
  }

  #checkStart(job: Job, told: StandingChange | undefined): void {
    const { name, team, standing, request } = job;
    const id = `${team}/${standing?.name}`;
    const before = this.#notes.get(id)?.standing;
    must(
      before !== undefined && isLive(before),
      `${name} was started, and ${id} is ${before?.state ?? 'not there'}`,
    );
    must(before.state === 'active', `${name} was started, and ${id} is ${before.state}`);
    const current = told && isLive(told.standing) ? told.standing.current : undefined;
    must(current?.job === name, `${name} was started, and ${id} was not told`);
    const { cause } = current;
    const of = `${id} ${idOf(cause)}`;
    must(!this.#started.has(of), `${of} started ${this.#started.get(of)}, and starts ${name}`);
    this.#started.set(of, name);
    const reads =
      isSame(request, before.spec.job) || request.dataset === `s3://jobs/${'key' in cause ? cause.key : ''}`;
    must(
      reads || ('job' in cause && request.results === cause.job),
      `${name} reads something else than ${of}`,
    );
    this.#checkLate(before, cause);
  }

  /** In calm, a time starts its job at once, where nothing is before it. */
  #checkLate({ waiting, team, name }: LiveStanding, cause: Cause): void {
    const { faults, timeline } = this.#cloud;
    const { calmSince } = faults;
    if (cause.kind !== 'time' || calmSince === undefined || cause.at < calmSince || waiting.length > 0)
      return;
    const late = secondsBetween(cause.at, timeline.now());
    must(late <= dueSeconds, `${team}/${name} was due at ${cause.at}, and started ${late} seconds later`);
  }

  written({ standing }: StandingChange, invocation: Invocation): void {
    this.#cloud.oracle.hold(() => {
      const notes = this.#notesOf(standing);
      const before = notes.standing;
      notes.standing = standing;
      const id = environmentId(standing);
      const now = this.#cloud.timeline.now();
      must(
        standing.version === (before?.version ?? 0) + 1,
        `${id}: version ${before?.version} → ${standing.version}`,
      );
      this.#checkSaid(notes, before, standing, invocation);
      if (turned(before, standing)) {
        notes.steadySince = now;
        notes.saidSince = invocation.beganAt;
      }
      if (!isLive(standing)) return;
      if (!isLive(before)) notes.causes = new Map();
      if (isLive(before)) checkNothingForgotten(before, standing);
      for (const cause of causesOf(standing)) {
        if (notes.causes.has(idOf(cause))) continue;
        notes.causes.set(idOf(cause), cause);
        this.#checkTrue(notes, standing, cause);
      }
      const known = new Set(isLive(before) ? before.runs.map(runText) : []);
      for (const run of standing.runs)
        if (!known.has(runText(run))) this.#checkRun(isLive(before) ? before : standing, standing, run);
    });
  }

  #checkSaid({ said }: Notes, before: Standing | undefined, after: Standing, { name }: Invocation): void {
    const id = environmentId(after);
    const turn = turnOf(before, after);
    if (turn === undefined) return;
    must(name === 'api' && said.has(turn), `${name} did ${turn} ${id}, and nobody said so`);
  }

  #checkTrue({ saidSince, said }: Notes, standing: LiveStanding, cause: Cause): void {
    const wrong = whyUntrue(standing, cause, {
      now: this.#cloud.timeline.now(),
      saidSince,
      uploads: this.uploads,
      succeeded: (job) => this.#wasEnd(job, 'succeeded'),
      wasRun: said.has('run'),
    });
    must(wrong === undefined, `${environmentId(standing)}: ${idOf(cause)} ${wrong}`);
  }

  #checkRun(before: LiveStanding, after: LiveStanding, run: Run): void {
    const what = `${environmentId(after)}: ${runText(run)}`;
    const { outcome, job } = run;
    if (outcome !== 'skipped' && outcome !== 'refused') {
      const isSo = job !== undefined && this.#wasEnd(job, outcome);
      must(isSo, `${what}, and ${job} did not end so`);
      return;
    }
    const wrong = whyNotSo(before, after, run);
    must(wrong === undefined, `${what}: it ${wrong}`);
  }

  #wasEnd = (job: string, outcome: string): boolean =>
    this.endsOf(job).some((end) => end.outcome === outcome);
}

function checkNothingForgotten(before: LiveStanding, after: LiveStanding): void {
  const id = environmentId(after);
  const known = new Set(causesOf(after).map(idOf));
  for (const { cause } of [...before.waiting, ...(before.current ? [before.current] : [])])
    must(known.has(idOf(cause)), `${id} forgot ${idOf(cause)}`);
  const { current } = before;
  // It may end, and the next one start, in one write.
  const isOver = after.current?.job === current?.job || after.runs.some(({ job }) => job === current?.job);
  must(current === undefined || isOver, `${id} has ${after.current?.job} beside ${current?.job}`);
}

function turnOf(before: Standing | undefined, after: Standing): string | undefined {
  if (!isLive(after)) return 'delete';
  if (!isLive(before)) return 'ask';
  if (before.state !== after.state) return after.state === 'paused' ? 'pause' : 'resume';
  return isSame(before.spec, after.spec) ? undefined : 'change';
}

const turned = (before: Standing | undefined, after: Standing): boolean =>
  !isLive(before) ||
  !isLive(after) ||
  before.state !== after.state ||
  !isSame(before.spec.when, after.spec.when);
