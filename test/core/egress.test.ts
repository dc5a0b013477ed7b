/** Whom a build may talk to: what the catalog's bases install from, what the configuration adds, and nobody whose name looks like it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Builds } from '#core/builds.ts';
import { egressOf, mayReach } from '#core/egress.ts';
import type { PackageManager } from '#core/packages.ts';
import type * as z from '#core/zod.ts';

const bases = (...takes: PackageManager[]) => ({
  bases: [{ name: 'debian-12', title: 'Debian', repository: 'base/debian', tag: 'bookworm', takes }],
});
const listed = (builds: z.input<typeof Builds>, ...takes: PackageManager[]) =>
  egressOf({ catalog: bases(...takes), builds: Builds.parse(builds) });

describe('the list', () => {
  it('has what the bases install from, and what is configured', () => {
    expect(listed({}, 'pip', 'npm')).toEqual(['files.pythonhosted.org', 'pypi.org', 'registry.npmjs.org']);
    expect(listed({ egress: { allow: ['*.acme.example', 'pypi.org'] } }, 'pip')).toEqual([
      '*.acme.example',
      'files.pythonhosted.org',
      'pypi.org',
    ]);
    expect(listed({})).toEqual([]);
  });

  it('has an index that is configured in the place of the public one', () => {
    const indexes = { pip: { url: 'https://packages.acme.example:8443/simple/' } };
    expect(listed({ indexes }, 'pip', 'npm')).toEqual(['packages.acme.example:8443', 'registry.npmjs.org']);
  });

  it.each(['*', 'a.example', 'a.example:8443', '*.a.example', '*.a.example:8443', '10.0.0.1'])(
    'takes %s',
    (entry) => expect(Builds.safeParse({ egress: { allow: [entry] } }).success).toBe(true),
  );

  it.each([
    '',
    'https://a.example',
    'a.example/x',
    'A.example',
    'a',
    'a.*',
    '*a.example',
    '**',
    'a.example:0',
    'a.example:',
    'a,b.example',
    '-a.example',
    'a..example',
  ])('does not take «%s»', (entry) =>
    expect(Builds.safeParse({ egress: { allow: [entry] } }).success).toBe(false),
  );
});

describe('a host', () => {
  const allow = ['pypi.org', '*.acme.example', 'git.acme.test:8443'];
  const may = (host: string, port = 443, usual: 80 | 443 = 443) => mayReach(allow, { host, port, usual });

  it('is reached by its name, at the port of its scheme or its own', () => {
    expect(may('pypi.org')).toBe(true);
    expect(may('PyPI.org')).toBe(true);
    expect(may('pypi.org', 80, 80)).toBe(true);
    expect(may('a.acme.example')).toBe(true);
    expect(may('a.b.acme.example')).toBe(true);
    expect(may('git.acme.test', 8443)).toBe(true);
    expect(may('git.acme.test', 8443, 80)).toBe(true);
  });

  it.each([
    ['evilpypi.org', 443],
    ['pypi.org.evil.example', 443],
    ['pypi.org.', 443],
    ['', 443],
    ['acme.example', 443],
    ['.acme.example', 443],
    ['evilacme.example', 443],
    ['acme.example.evil.test', 443],
    ['pypi.org', 444],
    ['pypi.org', 22],
    ['git.acme.test', 443],
    ['151.101.0.223', 443],
    ['[::1]', 443],
  ])('%s:%d is not', (host, port) => expect(may(host, port)).toBe(false));

  it('is any where all are let through, at no other port', () => {
    expect(mayReach(['*'], { host: 'evil.example', port: 443, usual: 443 })).toBe(true);
    expect(mayReach(['*'], { host: 'evil.example', port: 22, usual: 443 })).toBe(false);
  });

  it('that is reached is on the list, or below what is', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.constantFrom('pypi.org', 'acme.example', 'x.acme.example'),
      fc.string(),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        if (!may(name, port)) return;
        const lower = name.toLowerCase();
        const isBelow = lower.endsWith('.acme.example') && port === 443;
        expect(isBelow || ['pypi.org:443', 'git.acme.test:8443'].includes(`${lower}:${port}`)).toBe(true);
      }),
    );
  });
});
