/** Names and instants: what each may be, and that what is joined can be taken apart again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidateOf, releaseTag, repositoryOf, shortDigest } from '#core/image.ts';
import {
  addSeconds,
  Digest,
  EnvironmentKey,
  environmentId,
  Instant,
  NewEnvironmentName,
  namespaceOf,
  parseEnvironmentId,
  parseNamespace,
  secondsBetween,
  TeamName,
} from '#core/names.ts';
import { digest, key, t0 } from './samples.ts';

const label = fc.stringMatching(/^[a-z](-?[a-z0-9]){1,11}$/).filter((text) => text.length <= 24);
const keys = fc.record({ team: label, name: label }).map((parts) => EnvironmentKey.parse(parts));

it.each(['ab', 'a1', 'a-b', 'checkout', 'a'.repeat(24)])('%s is a team', (name) => {
  expect(TeamName.safeParse(name).success).toBe(true);
});
it.each(['a', '', '1a', '-a', 'a-', 'a--b', 'A', 'ab_c', 'a.b', 'a/b', 'ä1', 'ab\n', 'a'.repeat(25)])(
  '%j is none',
  (name) => {
    expect(TeamName.safeParse(name).success).toBe(false);
  },
);

describe('an environment is found again', () => {
  it('by its id', () =>
    fc.assert(
      fc.property(keys, (k) => {
        expect(parseEnvironmentId(environmentId(k))).toEqual(k);
      }),
    ));
  it('by its namespace, which is a Kubernetes label', () =>
    fc.assert(
      fc.property(keys, (k) => {
        expect(parseNamespace(namespaceOf(k))).toEqual(k);
        expect(namespaceOf(k)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      }),
    ));
  it('by its candidate repository, and by no other', () =>
    fc.assert(
      fc.property(keys, (k) => {
        expect(candidateOf(repositoryOf('candidate', k))).toEqual(k);
        expect(candidateOf(repositoryOf('release', k))).toBeUndefined();
        expect(candidateOf(repositoryOf('cache', k))).toBeUndefined();
      }),
    ));
  it('never from anything else', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b1', '-', '--', '/', 'A', 'candidate') }),
        (text) => {
          const [id, namespace] = [parseEnvironmentId(text), parseNamespace(text)];
          if (id) expect(environmentId(id)).toBe(text);
          if (namespace) expect(namespaceOf(namespace)).toBe(text);
        },
      ),
    ));
  it.each([
    'candidate',
    'candidate/checkout',
    'candidate/checkout/web/x',
    'Candidate/checkout/web',
    'candidate//web',
  ])('not by %s', (repository) => {
    expect(candidateOf(repository)).toBeUndefined();
  });
  it.each(['checkout', 'checkout/web/x', '/web', 'checkout/'])('nor by the id %s', (id) => {
    expect(parseEnvironmentId(id)).toBeUndefined();
  });
  it.each(['kube-system', 'default', 'checkout--web--x', 'checkout---web'])(
    'nor by the namespace %s',
    (namespace) => {
      expect(parseNamespace(namespace)).toBeUndefined();
    },
  );
});

it('a digest is whole, and its tag says the first twelve of it', () => {
  expect(Digest.safeParse(digest(7)).success).toBe(true);
  for (const other of [
    'latest',
    'sha256:',
    `sha512:${'0'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    `${digest(7)}0`,
    `x${digest(7)}`,
  ]) {
    expect(Digest.safeParse(other).success).toBe(false);
  }
  expect(releaseTag(digest(0xabc))).toMatch(/^r-[0-9a-f]{12}$/);
  expect(shortDigest(digest(1))).toBe('sha256:000000000000');
  expect(repositoryOf('release', key)).toBe('release/checkout/web');
});

describe('instants', () => {
  it('are UTC with milliseconds, so that they sort as text', () => {
    expect(Instant.safeParse(t0).success).toBe(true);
    for (const other of ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000+01:00', '2026-03-01', 'now', '']) {
      expect(Instant.safeParse(other).success).toBe(false);
    }
  });
  it('add up, and sort as time does', () =>
    fc.assert(
      fc.property(fc.integer({ min: -1e8, max: 1e8 }), fc.integer({ min: -1e8, max: 1e8 }), (a, b) => {
        const [one, other] = [addSeconds(t0, a), addSeconds(t0, b)];
        expect(Instant.safeParse(one).success).toBe(true);
        expect(secondsBetween(one, other)).toBe(b - a);
        expect(one < other).toBe(a < b);
      }),
    ));
});

it('no environment that is asked for is called as a data job is: they share a ledger and a trail', () => {
  expect(NewEnvironmentName.safeParse('job-0123456789abcdef').success).toBe(false);
  for (const name of ['job-0123456789abcde', 'job-0123456789abcdeg', 'jobs', 'web'])
    expect(NewEnvironmentName.safeParse(name).success).toBe(true);
});
