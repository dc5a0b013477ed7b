/** What people do with an environment that exists, and how the last of it goes. */
import { describe, expect, it } from 'vitest';
import type { Environment, Part } from '#core/environment.ts';
import { phaseOf } from '#core/environment.ts';
import { type News, next } from '#core/machine.ts';
import { plannedLooks } from '#core/reconcile.ts';
import { imagePartOf, runPartOf, Spec, timePartOf } from '#core/spec.ts';
import {
  ann,
  at,
  awaiting,
  bob,
  built,
  changed,
  deploying,
  digest,
  healthy,
  policy,
  promoting,
  ready,
  requested,
  spec,
  team,
  verdict,
} from './samples.ts';

const turned = (environment: Environment, news: News, seconds = 1000): Environment =>
  changed(next(environment, news, at(seconds))).environment;
const runs = (): Environment => ({ ...ready(), recheckAt: at(3600) });
const stop = { kind: 'stop-asked', person: ann } as const;
const remove = { kind: 'deletion-asked', person: ann } as const;
const start = (parts: Partial<Parameters<typeof verdict>[1]> = {}) =>
  ({ kind: 'start-asked', person: ann, today: { verdict: verdict(1, parts), policy, waivers: [] } }) as const;
const idle = { kind: 'observed', health: healthy(1, { ready: false, idle: true }) } as const;
const gone = (part: Part, is = true, kept?: string) => ({ kind: 'part-seen', part, gone: is, kept }) as const;
const bigger = { ...spec, resources: { ...spec.resources, memoryMiB: 512 } };

describe('a change', () => {
  it('of what is built asks for a build, and what runs goes on', () => {
    const { environment, events, audit } = changed(
      next(runs(), { kind: 'changed', spec: { ...spec, command: ['sleep', '1'] }, person: ann }, at(1000)),
    );
    expect(environment).toMatchObject({
      builds: 2,
      candidate: { phase: 'building', build: { number: 2 }, replaces: { digest: digest(1) } },
      release: runs().release,
    });
    expect(events).toMatchObject([{ type: 'EnvironmentChanged', build: 2 }]);
    expect(audit?.what).toBe('asked for another image (build 2)');
  });

  it('of what only the cluster is told rolls out the image that runs', () => {
    const { environment, events, audit } = changed(
      next(runs(), { kind: 'changed', spec: bigger, person: ann }, at(1000)),
    );
    expect(environment).toMatchObject({
      builds: 1,
      spec: { resources: { memoryMiB: 512 } },
      release: { phase: 'deploying', digest: digest(1) },
    });
    expect(environment.candidate).toEqual(runs().candidate);
    expect(events).toMatchObject([{ type: 'EnvironmentChanged' }]);
    expect(audit?.what).toBe('asked for resources {"cpu":0.25,"memoryMiB":512,"gpu":0}');
  });

  it('of nothing changes nothing, whatever the order of its fields', () => {
    const { resources, ...rest } = spec;
    const same = { resources, ...rest };
    expect(next(runs(), { kind: 'changed', spec: same, person: ann }, at(1000)).outcome).toBe('unchanged');
  });

  it('of any field is of the image, of what the cluster is told, or of time', () => {
    const workingHours = { timeZone: 'UTC', from: '08:00', to: '18:00' };
    const whole = Spec.parse({ ...spec, volume: { sizeGiB: 1 }, ttl: '8h', workingHours });
    const parts = { ...imagePartOf(whole), ...runPartOf(whole), ...timePartOf(whole) };
    expect(parts).toEqual(whole);
    expect(Object.keys(parts).sort()).toEqual(Object.keys(Spec.shape).sort());
  });

  it('of its port rolls out the image that runs, and builds nothing', () => {
    const { environment, audit } = changed(
      next(runs(), { kind: 'changed', spec: { ...spec, port: 8080 }, person: ann }, at(1000)),
    );
    expect(environment).toMatchObject({
      spec: { port: 8080 },
      builds: runs().builds,
      release: { phase: 'deploying', digest: digest(1) },
    });
    expect(environment.candidate).toEqual(runs().candidate);
    expect(audit?.what).toBe('asked for port 8080');
  });

  it('of who may log in rolls out the image that runs', () => {
    const withSsh = { ...spec, access: { ...spec.access, ssh: !spec.access.ssh } };
    expect(turned(runs(), { kind: 'changed', spec: withSsh, person: ann })).toMatchObject({
      spec: { access: withSsh.access },
      release: { phase: 'deploying', digest: digest(1) },
    });
  });

  it('while nothing is released waits for what is', () => {
    const { environment } = changed(
      next(awaiting(), { kind: 'changed', spec: bigger, person: ann }, at(1000)),
    );
    expect(environment).toMatchObject({ release: { phase: 'none' }, candidate: awaiting().candidate });
  });

  it('while it is stopped waits for its start', () => {
    const stopped = turned(turned(runs(), stop), idle);
    expect(turned(stopped, { kind: 'changed', spec: bigger, person: ann }).release).toEqual(stopped.release);
  });

  it('forgets fixes of packages that may no longer be asked for', () => {
    const fixed = {
      ...runs(),
      remediation: { attempts: 1, fixes: [{ manager: 'pip' as const, package: 'flask', version: '2.3.2' }] },
    };
    const other = { ...spec, command: ['sleep', '1'] };
    expect(turned(fixed, { kind: 'changed', spec: other, person: ann })).toMatchObject({
      remediation: { attempts: 0, fixes: [] },
      candidate: { build: { fixes: [] } },
    });
  });
});

it('a rebuild builds the same spec, with the fixes that were found', () => {
  const fixes = [{ manager: 'pip' as const, package: 'flask', version: '2.3.2' }];
  const blocked = { ...runs(), remediation: { attempts: 2, fixes } };
  expect(turned(blocked, { kind: 'rebuild-asked', useCache: false, person: ann })).toMatchObject({
    candidate: { phase: 'building', build: { number: 2, fixes, withoutCache: true } },
    remediation: { attempts: 0, fixes },
  });
});

it('an older build that ends while another is awaited is not taken for it', () => {
  const changing = turned(requested(), {
    kind: 'changed',
    spec: { ...spec, command: ['sleep', '1'] },
    person: ann,
  });
  expect(next(changing, { kind: 'pushed', image: built(1) }, at(1001)).outcome).toBe('unchanged');
  expect(turned(changing, { kind: 'pushed', image: built(2) }, 1001).candidate.phase).toBe('scanning');
});

describe('a stop', () => {
  it('ends its pods; the digest and the name stay', () => {
    const stopping = turned(runs(), stop);
    expect(stopping).toMatchObject({ life: { state: 'stopped' }, release: { phase: 'stopping' } });
    expect(stopping.recheckAt).toBeUndefined();
    const stopped = turned(stopping, idle);
    expect(stopped).toMatchObject({ release: { phase: 'stopped', digest: digest(1) } });
    expect(phaseOf(stopped)).toBe('stopped');
    expect(next(stopped, stop, at(1001)).outcome).toBe('unchanged');
  });

  it('closes what troubled it when no pod is left', () => {
    const oom = { at: at(500), pod: 'app-1', container: 'app', limit: '64Mi' };
    const killed = turned(runs(), {
      kind: 'observed',
      health: healthy(1, { ready: false, lastOom: oom }),
    });
    expect(killed.incidents.map(({ kind }) => kind)).toContain('oom');
    const stopping = turned(killed, stop);
    expect(stopping.incidents).toEqual(killed.incidents);
    const ended = changed(next(stopping, idle, at(1010)));
    expect(ended.environment.incidents).toEqual([]);
    expect(ended.events.map(({ type }) => type)).toContain('IncidentRecovered');
  });

  it('holds what is released meanwhile, and a start runs it', () => {
    const stopped = turned(promoting(), stop);
    const held = turned(stopped, { kind: 'promoted', digest: digest(1) });
    expect(held.release).toMatchObject({ phase: 'stopping', digest: digest(1) });
    expect(turned(turned(held, idle), start())).toMatchObject({
      life: { state: 'running' },
      release: { phase: 'deploying', digest: digest(1) },
    });
  });

  it('stops again what somebody scales up by hand', () => {
    const stopped = turned(turned(runs(), stop), idle);
    expect(turned(stopped, { kind: 'observed', health: healthy(1) }).release.phase).toBe('stopping');
  });
});

describe('a start', () => {
  it('rolls out what was stopped, and has it judged again', () => {
    const started = turned(turned(turned(runs(), stop), idle), start());
    expect(started).toMatchObject({
      life: { state: 'running' },
      release: { phase: 'deploying', digest: digest(1) },
      recheckAt: at(1000),
    });
  });

  it.each([
    ['its verdict turned', { result: 'block' as const, blocking: 1 }, /the stored verdict on it is block/],
    ['the policy is another', { policyVersion: '0' }, /it was judged under policy 0/],
    ['waivers changed', { waivers: ['w1'] }, /approval is void/],
  ])('is refused where %s', (_, parts, why) => {
    const stopped = turned(turned(runs(), stop), idle);
    expect(next(stopped, start(parts), at(1100))).toMatchObject({
      outcome: 'refused',
      status: 409,
      detail: expect.stringMatching(why),
    });
  });

  it('changes nothing where it runs', () => {
    expect(next(runs(), start(), at(1000)).outcome).toBe('unchanged');
  });
});

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
