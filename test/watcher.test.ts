/** The watcher as a whole, without a cluster: what it hears it tells, also when the queue is away for a while. */
import { beforeEach, describe, expect, it } from 'vitest';
import { MemorySights } from '#adapters/memory/sights.ts';
import type { WatchedKind } from '#core/known.ts';
import { Watcher, watchedPaths } from '../watcher/watcher.ts';
import { web } from './contracts/samples.ts';

let now: number;
let sights: MemorySights;
let watcher: Watcher;
let errors: unknown[];
const minute = 60_000;

beforeEach(() => {
  now = 1_000_000;
  errors = [];
  sights = new MemorySights();
  const log = { info: () => undefined, error: (_: string, error: unknown) => void errors.push(error) };
  watcher = new Watcher({ cluster: 'main', sights, now: () => now, log });
});

const kinds = Object.keys(watchedPaths) as WatchedKind[];
const pod = (ready: boolean, restartCount = 0) => ({
  metadata: { name: 'app-1', namespace: 'checkout--web' },
  status: {
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ restartCount }],
  },
});
const listed = (pods: readonly unknown[] = []) => {
  for (const kind of kinds) {
    const listener = watcher.listener(kind);
    listener.listing();
    if (kind === 'Pod') for (const object of pods) listener.there(object);
    listener.listed();
    listener.heard();
  }
};
const turns = async (count: number) => {
  for (let i = 0; i < count; i++) {
    now += 100;
    await watcher.tell();
  }
};
const factsTold = () => sights.sent.map((it) => (it.kind === 'seen' ? it.facts : it.kind));

describe('telling', () => {
  it('tells what is there once, then what changes, to the deployer of its cluster', async () => {
    listed([pod(true)]);
    await turns(30);
    expect(sights.sent).toEqual([
      { kind: 'seen', environment: web, cluster: 'main', facts: ['existence', 'ready'] },
    ]);
    watcher.listener('Pod').there(pod(false));
    await turns(1);
    expect(factsTold().at(-1)).toEqual(['ready']);
  });

  it('tells later what the queue does not take, less and less often, and all of it', async () => {
    listed([pod(true)]);
    sights.refuse = () => 'AccessDenied: no';
    await turns(10);
    expect(watcher.works).toBe(false);
    watcher.listener('Pod').there(pod(false));
    const before = errors.length;
    await turns(600);
    expect(errors.length - before).toBeLessThan(10);
    sights.refuse = () => undefined;
    await turns(400);
    expect(factsTold()).toEqual([['existence', 'ready']]);
    expect(watcher.works).toBe(true);
  });

  it('goes on after an object that it can not read', async () => {
    listed();
    watcher.listener('Pod').there({ metadata: 'none' });
    watcher.listener('Pod').there(pod(true));
    await turns(2);
    expect(errors).toHaveLength(1);
    expect(factsTold()).toEqual([['existence', 'ready']]);
  });
});

describe('how it is', () => {
  it('sees when all kinds were listed and are heard of', () => {
    expect(watcher.blind).toEqual(kinds);
    for (const kind of kinds.slice(1)) {
      watcher.listener(kind).listing();
      watcher.listener(kind).listed();
      watcher.listener(kind).heard();
    }
    expect(watcher.blind).toEqual(['Pod']);
    listed();
    expect(watcher.works).toBe(true);
  });

  it('says that it is alive while it sees, and nothing when a watch is silent: that is for the alarm', async () => {
    listed();
    await watcher.beat();
    expect(sights.sent).toEqual([{ kind: 'alive', cluster: 'main' }]);
    now += 5 * minute;
    watcher.listener('Pod').heard();
    watcher.listener('Service').heard();
    await watcher.beat();
    expect(sights.sent).toHaveLength(1);
    expect(watcher.blind).toEqual(['Deployment']);
  });

  it('turns as long as its watches come back, be it with failures; else only a restart helps', () => {
    listed();
    now += 9 * minute;
    for (const kind of kinds) watcher.listener(kind).failed(new Error('no answer'));
    now += 2 * minute;
    expect(watcher.turns).toBe(true);
    now += 9 * minute;
    expect(watcher.turns).toBe(false);
  });
});
