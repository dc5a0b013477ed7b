/** What people do with an environment that exists, and how the last of it goes. */
import { describe, expect, it } from 'vitest';
import { phaseOf } from '#core/environment.ts';
import { next } from '#core/machine.ts';
import { imagePartOf, runPartOf, Spec, timePartOf } from '#core/spec.ts';
import { bigger, idle, runs, start, stop, turned } from './lives.ts';
import { ann, at, awaiting, built, changed, digest, healthy, promoting, requested, spec } from './samples.ts';

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
