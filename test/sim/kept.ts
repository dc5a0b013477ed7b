/**
 * What is left of volumes, said again in other words than core/ says it: whatever pods wrote to is kept when its environment is deleted,
 * until a person of its team wants it no more, and then it goes. Nothing lies in a cluster that nobody knows of.
 */
import type { MemorySnapshotContents } from '#adapters/memory/snapshot-contents.ts';
import type { Environment } from '#core/environment.ts';
import { fillingContentOf } from '#core/filling.ts';
import type { KeptSnapshot } from '#core/kept-snapshot.ts';
import { addSeconds, environmentId, type Instant } from '#core/names.ts';
import { must } from './broken.ts';
import type { FaultKind, Invocation } from './faults.ts';

/** A deployer may be at work while a pod begins to write. */
const justSeconds = 60;
/** Reconcile's minute, a function that is busy, a message that comes again. */
const lateSeconds = 900;

export class Kept {
  readonly #items = new Map<string, KeptSnapshot>();
  /** First. */
  readonly #writtenAt = new Map<string, Instant>();
  /** Environments whose pods have had their volume, and since when. */
  readonly #used = new Map<string, Instant>();
  onDone: (what: FaultKind) => void = () => undefined;

  used(id: string, now: Instant): void {
    if (!this.#used.has(id)) this.#used.set(id, now);
  }

  /** Each write of an environment, and of what is left of one. */
  wrote(environment: Environment, snapshot: KeptSnapshot | undefined, invocation: Invocation): void {
    if (snapshot) this.#turned(snapshot, invocation);
    const { key, life } = environment;
    const id = environmentId(key);
    if (life.state !== 'deleted') return;
    const since = this.#used.get(id);
    this.#used.delete(id);
    if (since === undefined || since > addSeconds(life.since, -justSeconds)) return;
    // Called by when its deletion, or its transfer, was asked for: what goes to another team is used until that has one Ready.
    const isKept = [...this.#items].some(
      ([item, { of }]) => environmentId(of) === id && (this.#writtenAt.get(item) ?? '') >= since,
    );
    must(isKept, `${id} was deleted, and nothing is left of its volume`);
  }

  #turned(snapshot: KeptSnapshot, { name: stage, beganAt }: Invocation): void {
    const { team, name, state, version, of } = snapshot;
    const id = `${team} ${name}`;
    const before = this.#items.get(id);
    this.#items.set(id, snapshot);
    must(version === (before?.version ?? 0) + 1, `snapshot ${id}: version ${before?.version} → ${version}`);
    must(of.team === team, `snapshot ${id} is of ${environmentId(of)}`);
    const turn = `${before?.state ?? 'none'} ${state} ${stage}`;
    must(turns.includes(turn), `snapshot ${id}: ${turn}`);
    if (snapshot.state === 'unwanted') must(isOf(snapshot.by, team), `${snapshot.by} deleted snapshot ${id}`);
    if (before !== undefined) return;
    this.#writtenAt.set(id, beganAt);
    this.onDone('snapshot kept');
  }

  /** Once all is calm. @param environments as they were written last. */
  mustBeSo(
    cluster: string,
    contents: MemorySnapshotContents,
    environments: readonly Environment[],
    now: Instant,
  ): void {
    const there = contents.names();
    const known = new Set<string>();
    for (const snapshot of this.#items.values()) {
      if (snapshot.cluster !== cluster) continue;
      const { team, name, content, handle, state } = snapshot;
      if (state !== 'gone') known.add(content);
      if (state === 'kept')
        must(
          there.includes(content) && !contents.dropped.includes(handle),
          `snapshot ${team} ${name} is kept, and gone`,
        );
      const isLate = snapshot.state === 'unwanted' && snapshot.since < addSeconds(now, -lateSeconds);
      must(!isLate, `snapshot ${team} ${name} is unwanted, and still there`);
      if (state === 'gone')
        must(contents.dropped.includes(handle), `snapshot ${team} ${name} is told to be gone`);
    }
    for (const environment of environments)
      if (environment.life.state !== 'deleted' && environment.spec.volume?.from !== undefined)
        known.add(fillingContentOf(environment));
    const lost = there.find((name) => !known.has(name));
    must(lost === undefined, `${lost} lies in ${cluster}, and nobody knows of it`);
  }
}

/** From what, to what, by whom. */
const turns: readonly string[] = [
  'none kept deploy',
  'kept kept api',
  'kept unwanted api',
  'unwanted gone deploy',
];
/** Who may, as the stories call them (people.ts). */
const isOf = (person: string, team: string): boolean => person.startsWith(`${team}-`);
