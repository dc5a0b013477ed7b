/** The end of an environment: all that it made goes, is looked for twice, and what is left is said. */
import { describe, expect, it } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { phaseOf } from '#core/environment.ts';
import { next } from '#core/machine.ts';
import { plannedLooks } from '#core/reconcile.ts';
import { bigger, gone, remove, runs, start, stop, turned } from './lives.ts';
import {
  ann,
  at,
  bob,
  built,
  changed,
  deploying,
  digest,
  healthy,
  policy,
  spec,
  team,
  verdict,
} from './samples.ts';

describe('a deletion', () => {
  it('asks each stage for what it made, and nothing else is looked at any more', () => {
    const { environment, events } = changed(next(runs(), remove, at(1000)));
    expect(environment).toMatchObject({ release: { phase: 'none' }, life: { state: 'deleting', by: 'ann' } });
    expect(events.map(({ type }) => type)).toEqual(['EnvironmentDeleted']);
    expect(plannedLooks(environment)).toEqual([
      { stage: 'deploy', at: at(1060) },
      { stage: 'dns', at: at(1060) },
      { stage: 'remove', at: at(1060) },
    ]);
    expect(phaseOf(environment)).toBe('deleting');
  });

  it('is over when each part was seen gone twice, the second time after any call that began before', () => {
    let environment = turned(runs(), remove);
    environment = turned(environment, gone('cluster', false), 1060);
    expect(environment).toMatchObject({
      life: { left: ['cluster', 'name', 'repositories'], lookAt: at(1070) },
    });
    for (const part of ['cluster', 'name', 'repositories'] as const)
      environment = turned(environment, gone(part), 1075);
    expect(environment).toMatchObject({ life: { state: 'deleting', swept: true, lookAt: at(1120) } });
    expect(next(environment, gone('cluster'), at(1100)).outcome).toBe('unchanged');
    for (const part of ['repositories', 'name'] as const) environment = turned(environment, gone(part), 1121);
    const last = changed(next(environment, gone('cluster'), at(1121)));
    expect(last.audit?.what).toBe(
      'all of it is gone; what is told of it stays for whoever looks into it, and then goes: build contexts for 7 days, build logs for 30, reports of scans for 365, times of build steps and SSH sessions for 400; its history stays',
    );
    ({ environment } = last);
    expect(environment.life).toEqual({ state: 'deleted', since: at(1000), by: 'ann' });
    expect(environment.spec.files).toEqual({});
    expect(plannedLooks(environment)).toEqual([]);
  });

  it('says what it leaves, and why', () => {
    const deleting = turned(runs(), remove);
    const { audit } = changed(
      next(deleting, gone('repositories', true, 'stay: the configuration lists it'), at(1001)),
    );
    expect(audit).toMatchObject({ actor: 'delete', what: 'its images stay: the configuration lists it' });
  });

  it('closes every incident, and people are told', () => {
    const oom = { at: at(500), pod: 'app-1', container: 'app', limit: '64Mi' };
    const killed = turned(runs(), { kind: 'observed', health: healthy(1, { ready: false, lastOom: oom }) });
    const { environment, events } = changed(next(killed, remove, at(1000)));
    expect(environment.incidents).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['EnvironmentDeleted', 'IncidentRecovered']);
    const heard = turned(environment, { kind: 'paged', notices: environment.untold }, 1001);
    expect(heard.untold).toEqual([]);
  });

  it.each([
    ['a push', { kind: 'pushed', image: built(2) }],
    ['a sight of the cluster', { kind: 'observed', health: healthy(1) }],
    ['a promotion', { kind: 'promoted', digest: digest(1) }],
    ['a name', { kind: 'pointed', dns: { name: 'web', target: '10.0.0.9' } }],
  ] as const)('makes %s no news', (_, news) => {
    expect(next(turned(runs(), remove), news, at(1001)).outcome).toBe('unchanged');
  });

  it.each([
    remove,
    stop,
    start(),
    { kind: 'rebuild-asked', useCache: true, person: ann },
    { kind: 'changed', spec: bigger, person: ann },
    { kind: 'approved', digest: digest(1), person: bob, team, verdict: verdict(1), policy },
    { kind: 'rejected', rejection: { digest: digest(1), person: 'bob', reason: 'its licence' } },
  ] as const)('refuses $kind', (news) => {
    expect(next(turned(runs(), remove), news, at(1001))).toMatchObject({
      outcome: 'refused',
      status: 409,
      title: 'It is being deleted',
    });
  });

  it('frees the name: versions and builds go on from where they were', () => {
    const deleted: Environment = { ...deploying(), life: { state: 'deleted', since: at(1), by: 'ann' } };
    const request = { key: deleted.key, cluster: 'main', requester: 'bob', spec };
    expect(turned(deleted, { kind: 'requested', request })).toMatchObject({
      version: deleted.version + 1,
      builds: deleted.builds + 1,
      requester: 'bob',
      life: { state: 'running' },
      candidate: { phase: 'building', build: { number: deleted.builds + 1 } },
      release: { phase: 'none' },
    });
  });

  it('leaves what people are still to be told of the one before', () => {
    const times = { openedAt: at(0), lastSeenAt: at(0) };
    const trouble = { id: 'checkout/web/oom/7', kind: 'oom' as const, ...times, summary: 'it was killed' };
    const notice = { state: 'recovered' as const, incident: trouble, at: at(1), lookAt: at(121) };
    const life = { state: 'deleted' as const, since: at(1), by: 'ann' };
    const deleted: Environment = { ...deploying(), life, untold: [notice] };
    const request = { key: deleted.key, cluster: 'main', requester: 'bob', spec };
    expect(turned(deleted, { kind: 'requested', request }).untold).toEqual([notice]);
  });
});
