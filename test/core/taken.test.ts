/** An image that was released before is taken again in place of a build, and by no shorter way than any other. */
import { describe, expect, it } from 'vitest';
import { epochOf } from '#core/builds.ts';
import { contentOf } from '#core/context.ts';
import type { Environment } from '#core/environment.ts';
import type { BuildInput } from '#core/instruction.ts';
import { type News, next } from '#core/machine.ts';
import { Spec } from '#core/spec.ts';
import {
  ann,
  approval,
  at,
  bob,
  built,
  changed,
  digest,
  fixable,
  image,
  key,
  policy,
  promoting,
  requested,
  spec,
  team,
  unfixable,
  verdict,
} from './samples.ts';

const turned = (environment: Environment, ...news: readonly News[]): Environment =>
  news.reduce((known, one) => changed(next(known, one, at(1000))).environment, environment);
const other: News = { kind: 'changed', spec: { ...spec, command: ['sleep', '1'] }, person: ann };
const back: News = { kind: 'changed', spec, person: ann };
const take: News = { kind: 'taken', content: 'content-1' };
const promoted: News = { kind: 'promoted', digest: digest(1) };
const refused = (judgeAgain: boolean): News => ({
  kind: 'promotion-refused',
  digest: digest(1),
  objection: { reason: 'the verdict is now block', judgeAgain },
});

/** Released, changed, and changed back. */
const returning = () => turned(promoting(), promoted, other, back);

describe('what was released', () => {
  it('is known by what it was made of, with its approval and its fixes', () => {
    const fixes = [{ manager: 'npm' as const, package: 'minimist', version: '1.2.6' }];
    const fixed = { ...promoting(), remediation: { attempts: 1, fixes } };
    expect(turned(fixed, promoted).known).toEqual([
      { content: 'content-1', image: built(1), approval, fixes },
    ]);
  });

  it('is not known where we did not build it', () => {
    const byHand = image(1, at(100), ['v1']);
    const { candidate, ...rest } = promoting();
    if (candidate.phase !== 'promoting') throw new Error('the sample is promoting');
    expect(turned({ ...rest, candidate: { ...candidate, image: byHand } }, promoted).known).toEqual([]);
  });

  it('is known five times at most, the newest first, each content and each digest once', () => {
    const known = [7, 6, 5, 4, 1].map((n) => ({ content: `of-${n}`, image: built(n), approval, fixes: [] }));
    const after = turned({ ...promoting(), known }, promoted).known;
    expect(after.map(({ content }) => content)).toEqual(['content-1', 'of-7', 'of-6', 'of-5', 'of-4']);
    const full = turned(
      { ...promoting(), known: known.map((one) => ({ ...one, image: built(9) })) },
      promoted,
    );
    expect(full.known).toHaveLength(5);
  });
});

describe('asked for again', () => {
  it('is promoted on the approval that it has, and its build is spared', () => {
    const { environment, events, audit } = changed(next(returning(), take, at(1000)));
    expect(environment.candidate).toEqual({
      phase: 'promoting',
      image: { ...built(1), takenAt: at(1000) },
      approval,
      since: at(1000),
      lookAt: at(1120),
    });
    expect(events).toMatchObject([{ type: 'ImageTaken', digest: digest(1), build: 3 }]);
    expect(audit?.what).toBe(
      `build 3 is spared: sha256:000000000000 is made of the same, and bob approved it at ${at(120)}`,
    );
    expect(turned(environment, promoted)).toMatchObject({
      candidate: { phase: 'promoted' },
      release: { phase: 'deploying', digest: digest(1), approval },
    });
  });

  it('is newer than what it takes the place of, whatever the clock of the registry says', () => {
    const ahead = image(3, at(5000), ['build-2']);
    const { candidate, ...rest } = returning();
    if (candidate.phase !== 'building') throw new Error('the sample is building');
    const replacing = { ...rest, candidate: { ...candidate, replaces: ahead } };
    const { environment } = changed(next(replacing, take, at(1000)));
    const takenAt = at(5000).replace('.000Z', '.001Z');
    expect(environment.candidate).toMatchObject({ image: { digest: digest(1), takenAt } });
    expect(next(environment, { kind: 'pushed', image: ahead }, at(1001)).outcome).toBe('unchanged');
  });

  it.each<[string, Environment, News]>([
    ['other content', returning(), { kind: 'taken', content: 'of something else' }],
    ['a rebuild', turned(returning(), { kind: 'rebuild-asked', useCache: true, person: ann }), take],
    ['the first request', requested(), take],
    [
      'a build that runs',
      turned(returning(), { kind: 'build-started', number: 3, id: 'b', content: 'c' }),
      take,
    ],
    ['the same news twice', turned(returning(), take), take],
  ])('%s takes nothing', (_, environment, news) => {
    expect(next(environment, news, at(1001)).outcome).toBe('unchanged');
  });

  it('leaves what a rebuild had to fix to the next rebuild', () => {
    const fixes = [{ manager: 'npm' as const, package: 'minimist', version: '1.2.6' }];
    const before = returning();
    const fixed = { ...before, known: before.known.map((one) => ({ ...one, fixes })) };
    expect(turned(fixed, take).remediation).toEqual({ attempts: 0, fixes });
  });

  it.each([true, false])(
    'is built after all where its promotion is refused (to be judged again: %s)',
    (again) => {
      const { environment, events } = changed(next(turned(returning(), take), refused(again), at(1000)));
      expect(environment).toMatchObject({
        builds: 4,
        known: [],
        candidate: { phase: 'building', build: { number: 4, fixes: [], withoutCache: true } },
      });
      expect(events.map(({ type }) => type)).toEqual(['PromotionRefused', 'RemediationRequested']);
      expect(next(environment, take, at(1001)).outcome).toBe('unchanged');
    },
  );

  it('that another image was approved meanwhile does not count: a person decided on that digest', () => {
    const asked = {
      kind: 'approved',
      digest: digest(1),
      person: bob,
      team,
      verdict: verdict(1),
      policy,
    } as const;
    expect(next(turned(returning(), take), asked, at(1001))).toMatchObject({ title: 'Approved already' });
  });
});

describe('news while it is the newest', () => {
  const again = () => turned(returning(), take, promoted);

  it.each([
    ['the build of the spec in between, pushed late', image(2, at(1100), ['build-2'])],
    ['a push by hand from before', image(9, at(900), ['v2'])],
  ])('%s does not push it aside', (_, late) => {
    expect(next(again(), { kind: 'pushed', image: late }, at(1200)).outcome).toBe('unchanged');
    const judged = { kind: 'judged', image: late, verdict: verdict(2), policy } as const;
    expect(next(again(), judged, at(1200)).outcome).toBe('unchanged');
  });

  it('a push by hand from after does', () => {
    const news = { kind: 'pushed', image: image(9, at(1100), ['v2']) } as const;
    expect(turned(again(), news).candidate).toMatchObject({
      phase: 'scanning',
      image: { digest: digest(9) },
    });
  });

  it('a finding that can be fixed is, though its tag is of an older build', () => {
    const news = { kind: 'judged', image: built(1), verdict: fixable(1), policy } as const;
    expect(turned(again(), news)).toMatchObject({
      builds: 4,
      candidate: { phase: 'building', build: { number: 4, fixes: [{ package: 'minimist' }] } },
    });
  });

  it('it stays what it is while it is blocked and judged again', () => {
    const blocked = turned(again(), { kind: 'judged', image: built(1), verdict: unfixable(1), policy });
    expect(blocked.candidate).toMatchObject({ phase: 'blocked', image: { takenAt: at(1000) } });
    const passed = turned(blocked, { kind: 'judged', image: built(1), verdict: verdict(1), policy });
    expect(passed.candidate).toMatchObject({ phase: 'awaiting-approval', image: { takenAt: at(1000) } });
  });
});

describe('the content of an image', () => {
  const packages = { apt: [{ name: 'curl' }], pip: [{ name: 'six' }] };
  const wanted = Spec.parse({ base: 'debian-12', packages, files: { 'a.py': '1' }, command: ['x'] });
  const input = {
    from: 'base' as const,
    spec: wanted,
    baseImage: `registry.example/base/debian@${digest(1)}`,
    takes: ['apt' as const, 'pip' as const],
    key,
    fixes: [],
    epoch: '2026-11-19',
  } satisfies { from: 'base' } & BuildInput;

  it.each<[string, Partial<BuildInput>]>([
    ['the base', { baseImage: `registry.example/base/debian@${digest(2)}` }],
    ['the epoch', { epoch: '2026-11-26' }],
    ['a package', { spec: Spec.parse({ ...wanted, packages: { ...packages, apt: [{ name: 'git' }] } }) }],
    ['a file', { spec: Spec.parse({ ...wanted, files: { 'a.py': '2' } }) }],
    ['the command', { spec: Spec.parse({ ...wanted, command: ['y'] }) }],
  ])('%s is of it', (_, parts) => {
    expect(contentOf({ ...input, ...parts })).not.toBe(contentOf(input));
  });

  it('what the cluster alone is told and fixes are not', () => {
    const bigger = Spec.parse({ ...wanted, replicas: 2 });
    const fix = { manager: 'pip' as const, package: 'six', version: '1.16.0' };
    const elsewhere = Spec.parse({ ...wanted, port: 8080 });
    expect(contentOf({ ...input, spec: bigger })).toBe(contentOf(input));
    expect(contentOf({ ...input, spec: elsewhere })).toBe(contentOf(input));
    expect(contentOf({ ...input, fixes: [fix] })).toBe(contentOf(input));
  });
});

it.each([
  [7, '2026-11-25T23:59:59.999Z', '2026-11-19'],
  [7, '2026-11-26T00:00:00.000Z', '2026-11-26'],
  [1, '2026-11-25T13:00:00.000Z', '2026-11-25'],
])('an epoch of %s days has at %s begun on %s', (epochDays, now, day) => {
  expect(epochOf(now, { epochDays })).toBe(day);
});
