/** One release that is taken though it is too young: that one, as the spec pins it, and nothing that comes along with it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dockerfile } from '#core/dockerfile.ts';
import { addSeconds, TeamName } from '#core/names.ts';
import { Packages } from '#core/packages.ts';
import { Spec } from '#core/spec.ts';
import {
  approveWaiver,
  type KeptWaiver,
  propose,
  WaiverWish,
  waivedReleases,
  waiversInForce,
  withdraw,
} from '#core/waiver.ts';
import type { Release } from '#core/young.ts';
import { keyOf } from '../contracts/samples.ts';
import { digest, key } from './samples.ts';

const flask: Release = { manager: 'pip', name: 'flask', version: '3.1.2' };
const ms: Release = { manager: 'npm', name: 'ms', version: '2.1.3' };

interface Parts {
  readonly waived?: readonly Release[];
  /** False: none is asked. */
  readonly age?: boolean;
  readonly fixes?: Parameters<typeof dockerfile>[0]['fixes'];
}
const made = (packages: object, { waived = [flask, ms], age = true, fixes = [] }: Parts = {}) =>
  dockerfile({
    spec: Spec.parse({ base: 'debian-12', command: ['true'], packages: Packages.parse(packages) }),
    ...{ baseImage: `base/debian@${digest(1)}`, takes: ['apt', 'pip', 'npm'], key, fixes },
    ...{ epoch: '2026-11-19', tooYoungFrom: age ? '2026-11-16' : undefined, waived },
  });
const pipInstall = 'python3 /opt/pip/pip --python /opt/venv/bin/python install --cache-dir /root/.cache/pip';

describe('in a Dockerfile', () => {
  it('pip installs it alone before, and then all under the bound; the lock has it', () => {
    const text = made({ pip: [{ name: 'Flask', version: '3.1.2' }, { name: 'six' }] });
    const first = `${pipInstall} --report /tmp/young.json --no-deps 'Flask==3.1.2'`;
    const then = `${pipInstall} --report /tmp/spec.json --uploaded-prior-to '2026-11-16T00:00:00Z' 'Flask==3.1.2' 'six' || `;
    expect(text).toContain(`${first} && ${then}`);
    expect(text).toContain(
      '/tmp/lock.json /tmp/young.json /tmp/spec.json /tmp/fix.json > /opt/venv/resolved.txt',
    );
  });

  it('npm takes its tarball, and what that depends on under the bound', () => {
    const text = made({ npm: [{ name: 'ms', version: '2.1.3' }, { name: 'glob' }] });
    expect(text).toContain(
      "{ test -s /run/secrets/npm || { mkdir -p '/tmp/young/ms' && npm pack --cache /root/.npm --pack-destination '/tmp/young/ms' 'ms@2.1.3'; }; } && node -e ",
    );
    expect(text).toMatch(/ 'glob' 'ms@2\.1\.3' && npm install [^']* --before '2026-11-16' \|\| /);
  });

  it('in the second part of pip it is installed there', () => {
    const names = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    const text = made({ pip: [...names, { name: 'flask', version: '3.1.2' }] });
    const [first = '', more = ''] = text.split('AS pip-2');
    expect(first).not.toContain('flask');
    expect(more).toContain(`${pipInstall} --report /tmp/young-2.json --no-deps 'flask==3.1.2' && `);
    expect(more).toContain('/tmp/lock-2.json /tmp/young-2.json /tmp/spec-2.json');
  });

  it.each([
    ['another version', { pip: [{ name: 'flask', version: '3.1.1' }] }],
    ['none', { pip: [{ name: 'flask' }] }],
    ['another package', { pip: [{ name: 'flask-x', version: '3.1.2' }] }],
    ['the same name of another manager', { npm: [{ name: 'flask', version: '3.1.2' }] }],
  ])('%s is bounded as ever', (_, packages) => {
    expect(made(packages)).toBe(made(packages, { waived: [] }));
  });

  it('where no age is asked it is one as all others, and what a verdict asks for needs no waiver', () => {
    const packages = { pip: [{ name: 'flask', version: '3.1.2' }], npm: [{ name: 'ms', version: '2.1.3' }] };
    expect(made(packages, { age: false })).toBe(made(packages, { age: false, waived: [] }));
    const fixes = [{ manager: 'pip' as const, package: 'flask', version: '3.1.3' }];
    const own = { pip: packages.pip };
    expect(made(own, { fixes })).toBe(made(own, { fixes, waived: [] }));
  });

  it('who asks for what is too young is told of both ways', () => {
    expect(made({ pip: [{ name: 'six' }] })).toContain('ask for an older one, or for a waiver of its age.');
  });
});

const team = TeamName.parse('checkout');
const now = '2026-11-20T00:00:00.000Z';
const later = addSeconds(now, 3600);
let made_ = 0;
function waiver(parts: object = {}): KeptWaiver {
  const wish = WaiverWish.parse({
    package: flask,
    reason: 'a fix of ours is in it',
    expiresAt: later,
    ...parts,
  });
  const id = `api-${(made_++).toString(16).padStart(16, '0')}`;
  const proposed = propose({ id, team, wish, person: 'sam', now });
  if ('outcome' in proposed) throw new Error(proposed.detail);
  return proposed;
}
function good(parts: object = {}): KeptWaiver {
  const approved = approveWaiver(waiver(parts), 'sue', now);
  if ('outcome' in approved) throw new Error(approved.detail);
  return approved;
}

describe('what is waived', () => {
  const web = keyOf('checkout', 'web');

  it('was approved, is of the environment, and is not over', () => {
    const kept = [
      good(),
      good({ package: ms, environment: 'web' }),
      waiver({ package: { ...ms, version: '3.0.0' } }),
    ];
    expect(waivedReleases(kept, web, now)).toEqual([ms, flask]);
    expect(waivedReleases(kept, keyOf('checkout', 'shop'), now)).toEqual([flask]);
    expect(waivedReleases(kept, keyOf('other', 'web'), now)).toEqual([]);
    expect(waivedReleases(kept, web, later)).toEqual([]);
    expect(waivedReleases([withdraw(good(), 'sam', now)], web, now)).toEqual([]);
    expect(waivedReleases([good({ package: undefined, cve: 'CVE-2024-1' })], web, now)).toEqual([]);
  });

  it('lets no finding pass', () => {
    expect(waiversInForce([], [good()])).toEqual([]);
    expect(waiversInForce([], [good({ package: undefined, cve: 'CVE-2024-1' })])).toHaveLength(1);
  });

  it('is in one order, each release once, whatever the order of the waivers', () => {
    const kept = [good(), good({ package: { ...flask, name: 'Flask' } }), good({ package: ms })];
    fc.assert(
      fc.property(fc.shuffledSubarray(kept, { minLength: 3 }), (shuffled) => {
        expect(waivedReleases(shuffled, web, now).map(({ name }) => name.toLowerCase())).toEqual([
          'ms',
          'flask',
        ]);
      }),
    );
  });

  it.each([
    [{ package: { ...flask, name: "x'; curl evil" } }, 'package.name'],
    [{ package: { ...flask, version: '3.1.2 --pre' } }, 'package.name'],
    [{ package: { ...flask, manager: 'apt' } }, 'package.manager'],
    [{ package: { manager: 'pip', name: 'flask' } }, 'package.version'],
    [{ package: undefined }, 'cve'],
    [{ cve: 'CVE-2024-1' }, 'cve'],
  ])('is one release of pip or npm, and no finding beside it: %j', (parts, path) => {
    const wish = { package: flask, reason: 'a fix of ours is in it', expiresAt: later, ...parts };
    const { error } = WaiverWish.safeParse(wish);
    expect(error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});
