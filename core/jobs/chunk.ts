/**
 * The life of a chunk: waiting → leased → committed, failed or halved. One reducer for whatever comes twice, late or never:
 * an attempt's number is given to one worker alone, and what another attempt says is refused. So a result counts once.
 */
import { unreachable } from '../errors.ts';
import { addSeconds, Instant } from '../names.ts';
import * as z from '../zod.ts';
import { AnyChunk, type Chunk } from './plan.ts';
import type { KeyChunk } from './sql/table.ts';

/** Why an attempt failed. What can't be mended by trying again fails the chunk at once. */
export const ChunkFailure = z.object({
  kind: z.enum([
    /** The command ended with another code than 0, or by a signal. */
    'command',
    'time-limit',
    /** The command, or its whole container, had no memory left. */
    'out-of-memory',
    /** Its worker was not heard of until the lease ended. */
    'lost',
    'record-too-large',
    /** The object is another one, or gone, or can't be read, or is not what the job says it is. */
    'input',
    /** The one snapshot that the whole job is of is gone. */
    'snapshot',
    'output-too-large',
    /** The table that results go to does not take them. */
    'target',
  ]),
  message: z.string().check(z.maxLength(1000)),
  exitCode: z.optional(z.int()),
  signal: z.optional(z.string()),
  /** In the object: of the record that is too large; of a command that was fed as it read, up to where it had been. */
  offset: z.optional(z.int()),
  /** The end of what the command wrote to its standard error. */
  stderr: z.optional(z.string()),
});
export type ChunkFailure = z.infer<typeof ChunkFailure>;
const permanent: ReadonlySet<ChunkFailure['kind']> = new Set([
  'record-too-large',
  'input',
  'snapshot',
  'output-too-large',
  'target',
]);

/** What one run of the command made of a range of records: an entry of the manifest. */
export const Part = z.object({
  from: z.int(),
  to: z.int(),
  records: z.int(),
  /** Of the bytes from `from` to `to`: of the object, or of the rows that were read. */
  crc32: z.int(),
  attempt: z.int(),
  milliseconds: z.int(),
  /** Of the worker that did it, and when it was done; older parts say neither. */
  slot: z.optional(z.int()),
  at: z.optional(Instant),
  /** Absent where there was no record, so that no command ran. */
  output: z.optional(z.object({ key: z.string(), bytes: z.int(), crc32: z.int() })),
});
export type Part = z.infer<typeof Part>;

const common = {
  job: z.string(),
  chunk: AnyChunk,
  version: z.int(),
  /** Given out so far: the newest number is that of the newest lease. */
  attempts: z.int(),
  /** Attempts that count against the limit: one that gave its lease back does not. */
  failures: z.int(),
  /** Done for good, from the chunk's beginning on: a checkpoint each, and the last one. */
  parts: z.array(Part),
  /** All of it is done; what is left is to bring its results to their table. */
  handOver: z.optional(z.boolean()),
  lastFailure: z.optional(ChunkFailure),
  /** Why it was given back last, where a database was not in reach; until something of it is done, or fails. */
  away: z.optional(z.string().check(z.maxLength(1000))),
};

export const ChunkState = z.discriminatedUnion('state', [
  z.object({ state: z.literal('waiting'), ...common }),
  z.object({ state: z.literal('leased'), ...common, until: Instant }),
  z.object({ state: z.literal('committed'), ...common }),
  z.object({ state: z.literal('failed'), ...common, lastFailure: ChunkFailure }),
  /** Its rest goes on as two chunks of their own. */
  z.object({ state: z.literal('halved'), ...common, middle: z.int() }),
]);
export type ChunkState = z.infer<typeof ChunkState>;
type Leased = Extract<ChunkState, { state: 'leased' }>;

export type ChunkEvent =
  | { readonly kind: 'lease' }
  | { readonly kind: 'heartbeat'; readonly attempt: number }
  | { readonly kind: 'checkpoint'; readonly part: Part }
  | { readonly kind: 'commit'; readonly part: Part }
  /** The last part, where results go on to a table: from now on they are these, whoever brings them there. */
  | { readonly kind: 'hand-over'; readonly part: Part }
  | { readonly kind: 'handed-over'; readonly attempt: number }
  /** The worker is told to go: its attempt does not count. */
  | {
      readonly kind: 'release';
      readonly attempt: number;
      /** A database is not in reach: nobody's failure, and to be told. */
      readonly away?: string | undefined;
    }
  | {
      readonly kind: 'fail';
      readonly attempt: number;
      readonly failure: ChunkFailure;
      /** Where its rest may be cut in two, from who has seen what is in it. */
      readonly middle?: number | undefined;
    }
  /** By a person, for a failed chunk. */
  | { readonly kind: 'retry' };

export interface ChunkRules {
  readonly leaseSeconds: number;
  readonly maxFailures: number;
  /** A smaller rest is not halved any more. */
  readonly halveFromBytes: number;
  /** Anywhere. A compressed object can't be cut, and row groups at their beginnings alone. */
  readonly mayHalve: boolean;
}

export type ChunkDecision =
  | { readonly outcome: 'changed'; readonly state: ChunkState }
  /** It is as the event would have it. */
  | { readonly outcome: 'unchanged' }
  /** Somebody else has it: worth a look after `until`. */
  | { readonly outcome: 'busy'; readonly until: Instant }
  /** The chunk has an end already, or another attempt has it: whoever says this has lost it, and stops. */
  | { readonly outcome: 'lost' };

/** A chunk that nobody has taken yet is not stored. */
export const freshChunk = (job: string, chunk: AnyChunk): ChunkState => ({
  state: 'waiting',
  job,
  chunk,
  version: 0,
  attempts: 0,
  failures: 0,
  parts: [],
});

const lost: ChunkDecision = { outcome: 'lost' };

export function nextChunk(
  given: ChunkState,
  event: ChunkEvent,
  rules: ChunkRules,
  now: Instant,
): ChunkDecision {
  switch (event.kind) {
    case 'lease':
      return lease(given, rules, now);
    case 'retry':
      if (given.state !== 'failed') return { outcome: 'unchanged' };
      return changed(given, { ...reached(given), state: 'waiting', failures: 0 });
    case 'heartbeat':
      if (!holds(given, event.attempt)) return lost;
      return changed(given, { ...given, until: addSeconds(now, rules.leaseSeconds) });
    case 'release':
      if (!holds(given, event.attempt)) return lost;
      return changed(given, {
        ...shared(given),
        ...(event.away !== undefined && { away: event.away }),
        state: 'waiting',
      });
    case 'fail':
      return holds(given, event.attempt) ? failed(given, event, rules) : lost;
    case 'handed-over':
      if (given.state === 'committed' && given.attempts === event.attempt) return { outcome: 'unchanged' };
      if (!holds(given, event.attempt) || !given.handOver) return lost;
      return changed(given, { ...reached(given), state: 'committed' });
    case 'checkpoint':
    case 'hand-over':
    case 'commit':
      return done(given, event, rules, now);
    default:
      return unreachable(event);
  }
}

/** A lease that has ended is still its holder's until somebody else takes the chunk: late work is work too. */
const holds = (given: ChunkState, attempt: number): given is Leased =>
  given.state === 'leased' && given.attempts === attempt;

function lease(given: ChunkState, rules: ChunkRules, now: Instant): ChunkDecision {
  const until = addSeconds(now, rules.leaseSeconds);
  switch (given.state) {
    case 'waiting':
      return changed(given, { ...given, state: 'leased', attempts: given.attempts + 1, until });
    case 'leased': {
      if (now < given.until) return { outcome: 'busy', until: given.until };
      const message = `attempt ${given.attempts} was not heard of after ${given.until}`;
      const after = failed(given, { failure: { kind: 'lost', message } }, rules);
      if (after.outcome !== 'changed' || after.state.state !== 'waiting') return after;
      return changed(given, { ...after.state, state: 'leased', attempts: given.attempts + 1, until });
    }
    case 'committed':
    case 'failed':
    case 'halved':
      return lost;
    default:
      return unreachable(given);
  }
}

type Failed = Pick<Extract<ChunkEvent, { kind: 'fail' }>, 'failure' | 'middle'>;

function failed(given: Leased, { failure, middle }: Failed, rules: ChunkRules): ChunkDecision {
  const known = { ...reached(given), failures: given.failures + 1, lastFailure: failure };
  const cut = failure.kind === 'out-of-memory' ? (middle ?? middleOf(restOf(given), rules)) : undefined;
  if (cut !== undefined) return changed(given, { ...known, state: 'halved', middle: cut });
  if (permanent.has(failure.kind) || known.failures >= rules.maxFailures)
    return changed(given, { ...known, state: 'failed' });
  return changed(given, { ...known, state: 'waiting' });
}

function middleOf(rest: AnyChunk, { mayHalve, halveFromBytes }: ChunkRules): number | undefined {
  if (!mayHalve || !isOfObject(rest) || rest.end - rest.start < halveFromBytes) return undefined;
  return rest.start + Math.floor((rest.end - rest.start) / 2);
}

function done(
  given: ChunkState,
  { kind, part }: Extract<ChunkEvent, { part: Part }>,
  rules: ChunkRules,
  now: Instant,
): ChunkDecision {
  // Said again by its own worker, that did not hear the answer.
  if (given.parts.some((known) => known.from === part.from && known.attempt === part.attempt))
    return { outcome: 'unchanged' };
  if (!holds(given, part.attempt) || given.handOver) return lost;
  const known = { ...reached(given), parts: [...given.parts, part] };
  if (kind === 'commit') return changed(given, { ...known, state: 'committed' });
  const handOver = kind === 'hand-over' && { handOver: true };
  return changed(given, {
    ...known,
    ...handOver,
    state: 'leased',
    until: addSeconds(now, rules.leaseSeconds),
  });
}

export const isOfObject = (chunk: AnyChunk): chunk is Chunk => 'start' in chunk;
export const isOfRows = (chunk: AnyChunk): chunk is KeyChunk => 'range' in chunk;

/** What is still to be done: behind a checkpoint a record begins. Rows of a table are done at once or not at all. */
export function restOf({ chunk, parts }: Pick<ChunkState, 'chunk' | 'parts'>): AnyChunk {
  const last = parts.at(-1);
  if (last === undefined || !isOfObject(chunk)) return chunk;
  return { ...chunk, start: last.to, aligned: true, scanFrom: last.to, quoted: false };
}

/** The chunks that a halved one goes on as. */
export function halvesOf(halved: Extract<ChunkState, { state: 'halved' }>): readonly [Chunk, Chunk] {
  const rest = restOf(halved);
  const { middle } = halved;
  if (!isOfObject(rest)) throw new Error(`chunk ${rest.id} is no piece of an object: it has no halves`);
  return [
    { ...rest, id: `${rest.id}a`, end: middle },
    { ...rest, id: `${rest.id}b`, start: middle, aligned: false },
  ];
}

type Common = Omit<Extract<ChunkState, { state: 'waiting' }>, 'state'>;
/** Without what belongs to a state alone. */
function shared({ job, chunk, version, attempts, failures, parts, ...more }: ChunkState): Common {
  const { handOver, lastFailure, away } = more;
  return {
    ...{ job, chunk, version, attempts, failures, parts },
    ...(handOver !== undefined && { handOver }),
    ...(lastFailure !== undefined && { lastFailure }),
    ...(away !== undefined && { away }),
  };
}

function reached(given: ChunkState): Common {
  const { away: _, ...rest } = shared(given);
  return rest;
}

const changed = ({ version }: ChunkState, state: ChunkState): ChunkDecision => ({
  outcome: 'changed',
  state: { ...state, version: version + 1 },
});
