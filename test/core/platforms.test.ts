import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Scan } from '#core/finding.ts';
import { scanOfIndex } from '#core/platforms.ts';
import { decideVerdict } from '#core/verdict.ts';
import { complete, digestOf, finding, start, web } from '../contracts/samples.ts';
import { config } from '../lambdas/world.ts';

const good = complete(start);
const of = (...scans: Scan[]) => scanOfIndex(scans.map((scan, n) => ({ platform: `linux/p${n}`, scan })));

test.each<[string, Scan[], Partial<Scan>]>([
  ['nothing', [], { status: 'unsupported' }],
  ['all complete', [good, good], { status: 'complete' }],
  ['one pending', [good, { status: 'pending' }], { status: 'pending' }],
  ['one missing', [good, { status: 'missing' }], { status: 'missing' }],
  ['missing and pending', [{ status: 'pending' }, { status: 'missing' }], { status: 'missing' }],
  ['failed and pending', [{ status: 'pending' }, { status: 'failed', reason: 'x' }], { status: 'failed' }],
])('%s', (_, scans, expected) => {
  expect(of(...scans)).toMatchObject(expected);
});

test('as old as its oldest child, and watched only where all are', () => {
  const older = {
    status: 'complete',
    completedAt: '2020-01-01T00:00:00.000Z',
    watched: true,
    findings: [],
  } as const;
  expect(of(good, older)).toMatchObject({ completedAt: '2020-01-01T00:00:00.000Z' });
  expect(of(good, older)).not.toHaveProperty('watched');
  expect(of(older, older)).toHaveProperty('watched', true);
});

test('law: an index passes only where each of its images would', () => {
  const scan = fc.oneof<fc.Arbitrary<Scan>[]>(
    fc.constantFrom<Scan>({ status: 'pending' }, { status: 'missing' }, { status: 'failed', reason: 'x' }),
    fc
      .array(fc.constantFrom(finding(), finding({ severity: 'LOW' }), finding({ severity: 'UNKNOWN' })), {
        maxLength: 3,
      })
      .map((findings) => complete(start, ...findings)),
  );
  const result = (one: Scan) =>
    decideVerdict({
      environment: web,
      digest: digestOf('index'),
      scan: one,
      policy: config.policy,
      waivers: [],
      now: start,
    }).result;
  fc.assert(
    fc.property(fc.array(scan, { minLength: 1, maxLength: 4 }), (scans) => {
      expect(result(of(...scans)) === 'pass').toBe(scans.every((one) => result(one) === 'pass'));
    }),
  );
});
