/** The access service says that it is alive where it could answer, and not otherwise: its silence is what rings. */
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryHeartbeat } from '#adapters/memory/heartbeat.ts';
import { MemoryPersonKeys } from '#adapters/memory/person-keys.ts';
import { MemoryTokens } from '#adapters/memory/tokens.ts';
import { Retryable } from '#core/errors.ts';
import { type AliveDeps, sayAlive } from '../../access/service/alive.ts';

let heartbeat: MemoryHeartbeat;
let errors: string[];
let deps: AliveDeps;
const away = () => Promise.reject(new Retryable('away'));

beforeEach(() => {
  heartbeat = new MemoryHeartbeat();
  errors = [];
  deps = {
    tokens: new MemoryTokens(),
    keys: new MemoryPersonKeys(),
    heartbeat,
    ownToken: async () => 'its own',
    log: { info: () => undefined, warn: () => undefined, error: (message) => void errors.push(message) },
  };
});

describe('a heartbeat', () => {
  it('is one where cluster and table answer, and asks them anew each time', async () => {
    const tokens = new MemoryTokens();
    for (let i = 0; i < 2; i += 1) await sayAlive({ ...deps, tokens });
    expect([heartbeat.beats, tokens.reviews, errors]).toEqual([2, 2, []]);
  });

  it.each<[string, Partial<AliveDeps>]>([
    ['the cluster', { tokens: { namespaceOf: away } }],
    ['the table', { keys: { list: away } }],
    ['its token', { ownToken: away }],
  ])('is none while %s is away, which is in the log', async (_, broken) => {
    await sayAlive({ ...deps, ...broken });
    expect([heartbeat.beats, errors]).toEqual([0, ['not told that it is alive: it could answer nobody']]);
  });

  it('that nobody hears ends nothing, and the next one is tried', async () => {
    heartbeat.away = true;
    await sayAlive(deps);
    expect(errors).toEqual(['nobody was told that it is alive']);
    heartbeat.away = false;
    await sayAlive(deps);
    expect(heartbeat.beats).toBe(1);
  });
});
