/** Where packages come from: an index in the place of the public one, and names that are never looked for there. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Builds } from '#core/builds.ts';
import { dockerfile } from '#core/dockerfile.ts';
import { egressOf, mayReach } from '#core/egress.ts';
import { Indexes, indexWays, unresolvable } from '#core/indexes.ts';
import { Packages } from '#core/packages.ts';
import { Spec } from '#core/spec.ts';
import { digest, key } from './samples.ts';

const privately = Indexes.parse({ pip: { private: ['acme-'] }, npm: { private: ['@acme'] } });
const url = 'https://packages.acme.example/simple/';
const wanted = (names: { pip?: string[]; npm?: string[] }) =>
  Packages.parse({
    pip: (names.pip ?? []).map((name) => ({ name })),
    npm: (names.npm ?? []).map((name) => ({ name })),
  });

describe('a private name', () => {
  it.each([
    [{ pip: ['six', 'acme-tools'] }, 'spec.packages.pip.1'],
    [{ pip: ['Acme_Tools'] }, 'spec.packages.pip.0'],
    [{ npm: ['ms', '@acme/tools'] }, 'spec.packages.npm.1'],
  ])('is refused while no index of its own is configured: %j', (names, path) => {
    expect(unresolvable(wanted(names), privately)).toEqual([
      { path, message: expect.stringContaining('is a private name') },
    ]);
  });

  it.each([
    { pip: ['acme', 'acmetools', 'not-acme-tools'] },
    { npm: ['@acme-tools/x', '@other/acme', 'acme'] },
  ])('is not what only looks like one: %j', (names) =>
    expect(unresolvable(wanted(names), privately)).toEqual([]),
  );

  it('is let through where an index takes the place of the public one', () => {
    const own = Indexes.parse({ pip: { url, private: ['acme-'] }, npm: { private: ['@acme'] } });
    expect(unresolvable(wanted({ pip: ['acme-tools'], npm: ['@acme/tools'] }), own)).toHaveLength(1);
  });
});

const made = (indexes?: Indexes) =>
  dockerfile({
    spec: Spec.parse({
      base: 'debian-12',
      command: ['true'],
      packages: wanted({ pip: ['six'], npm: ['ms'] }),
    }),
    baseImage: `base/debian@${digest(1)}`,
    takes: ['apt', 'pip', 'npm'],
    key,
    fixes: [],
    epoch: '2026-11-19',
    indexes,
  });

describe('an index', () => {
  it('is the only one that is asked, and one that is not configured is not named', () => {
    const text = made(Indexes.parse({ pip: { url }, npm: { url: 'https://npm.acme.example' } }));
    expect(text).toContain(`--index-url '${url}' 'six'`);
    expect(text).toMatch(/ 'ms' && npm install [^']* --registry 'https:\/\/npm\.acme\.example' && /);
    expect(text).not.toContain('extra-index');
    expect(made()).not.toMatch(/index-url|--registry/);
    expect(made(Indexes.parse({}))).toBe(made());
  });

  it.each([
    'http://packages.acme.example/simple',
    'https://user:password@packages.acme.example/',
    'https://packages.acme.example/?token=1',
    'https://packages.acme.example/#x',
    "https://packages.acme.example/'",
    'https://packages.acme.example/$(id)',
    'https://packages.acme.example/\nRUN id',
    'file:///etc/passwd',
    '',
  ])('may not be %j', (bad) => {
    expect(Indexes.safeParse({ pip: { url: bad } }).success).toBe(false);
  });

  it('whatever is let through leaves the instruction the one that it was', () => {
    const plain = fc.constantFrom('a', 'b.c', '-', '9', '/x', '/', '_', '~');
    const odd = fc.constantFrom("'", '"', ' ', '$', '\n', '\\', ':8443', '@', '?', '#', '..', '%27');
    const piece = fc.oneof({ weight: 20, arbitrary: plain }, { weight: 1, arbitrary: odd });
    const typed = fc.array(piece, { maxLength: 8 }).map((pieces) => `https://a${pieces.join('')}`);
    fc.assert(
      fc.property(typed, (url) => {
        const parsed = Indexes.safeParse({ pip: { url } });
        fc.pre(parsed.success);
        const text = made(parsed.data);
        expect(text.split('\n')).toHaveLength(made().split('\n').length);
        expect(text.replaceAll(`--index-url '${url}' `, '')).toBe(made());
      }),
    );
  });

  it.each([
    { pip: { private: ['Acme'] } },
    { pip: { private: ['acme'] } },
    { npm: { private: ['acme'] } },
    { npm: { private: ['@acme/'] } },
    { pip: { extra: url } },
    { gem: {} },
  ])('what is no prefix, no scope or nobody knows is refused: %j', (bad) => {
    expect(Indexes.safeParse(bad).success).toBe(false);
  });
});

describe('an index that wants a credential', () => {
  const secret = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:index-AbCdEf';
  const own = Indexes.parse({
    pip: { url, secret },
    npm: { url: 'https://packages.acme.example:8443/npm', secret },
  });

  it('is asked of the proxy by a name of its own; no Dockerfile says where it is or who may read there', () => {
    const text = made(own);
    expect(text).toContain(
      "--index-url 'http://pip-index.internal/simple/' --trusted-host 'pip-index.internal' ",
    );
    expect(text).toContain("--registry 'http://npm-index.internal/npm' ");
    expect(text).not.toMatch(/acme|secret:index/);
  });

  it('is what the proxy is told, with where the credential is', () => {
    const credential = { kind: 'secret', secret };
    expect(indexWays(own)).toEqual([
      { alias: 'pip-index.internal', origin: 'https://packages.acme.example', credential, files: [] },
      { alias: 'npm-index.internal', origin: 'https://packages.acme.example:8443', credential, files: [] },
    ]);
    expect(indexWays(Indexes.parse({ pip: { url } }))).toEqual([]);
  });

  it('is on no list of hosts: nobody but the proxy asks it', () => {
    const bases = [
      {
        name: 'debian-12',
        title: 'Debian',
        repository: 'base/debian',
        tag: 'bookworm',
        takes: ['pip' as const],
      },
    ];
    const listed = (pip: object) =>
      egressOf({ catalog: { bases }, builds: Builds.parse({ indexes: { pip } }) });
    expect(listed({ url, secret })).toEqual([]);
    expect(listed({ url })).toEqual(['packages.acme.example']);
  });

  it.each([
    ['without its address', { secret }],
    ['by a name in the place of a whole ARN', { url, secret: 'index' }],
  ])('is refused %s', (_, pip) => expect(Indexes.safeParse({ pip }).success).toBe(false));
});

describe('a repository of CodeArtifact', () => {
  const codeArtifact = 'arn:aws:codeartifact:eu-west-1:111122223333:repository/acme/all.Packages';
  const own = Indexes.parse({ pip: { codeArtifact }, npm: { codeArtifact, tellsAge: false } });
  const place = { region: 'eu-west-1', owner: '111122223333', domain: 'acme', repository: 'all.Packages' };

  it('is asked of the proxy, by the path that AWS documents for each manager', () => {
    const text = made(own);
    expect(text).toContain(
      "--index-url 'http://pip-index.internal/pypi/all.Packages/simple/' --trusted-host 'pip-index.internal' ",
    );
    expect(text).toContain("--registry 'http://npm-index.internal/npm/all.Packages/' ");
    expect(text).not.toMatch(/codeartifact|111122223333/);
  });

  it('is what the proxy is told: who gives tokens for it, and where its files are', () => {
    const common = {
      origin: 'https://acme-111122223333.d.codeartifact.eu-west-1.amazonaws.com',
      credential: { kind: 'codeArtifact', ...place },
      files: ['*.s3.eu-west-1.amazonaws.com', '*.s3.amazonaws.com'],
    };
    expect(indexWays(own)).toEqual([
      { alias: 'pip-index.internal', ...common },
      { alias: 'npm-index.internal', ...common },
    ]);
  });

  it('leads to its own bucket, and to no other host', () => {
    const [way] = indexWays(own);
    const leads = (host: string) => mayReach(way?.files ?? [], { host, port: 443, usual: 443 });
    expect(leads('assets-438097961670-eu-west-1.s3.eu-west-1.amazonaws.com')).toBe(true);
    expect(leads('assets-438097961670-eu-west-1.s3.amazonaws.com')).toBe(true);
    for (const host of [
      's3.amazonaws.com',
      'evil.test',
      'x.s3.amazonaws.com.evil.test',
      'x.lambda-url.amazonaws.com',
    ])
      expect(leads(host)).toBe(false);
  });

  it('is on no list of hosts, and has private names', () => {
    const bases = [{ name: 'b', repository: 'base/b', tag: 'b', takes: ['pip' as const, 'npm' as const] }];
    expect(egressOf({ catalog: { bases }, builds: Builds.parse({ indexes: own }) })).toEqual([]);
    const named = Indexes.parse({ pip: { codeArtifact, private: ['acme-'] } });
    expect(unresolvable(wanted({ pip: ['acme-tools'] }), named)).toEqual([]);
  });

  it('tells ages, where nobody says that it does not', () => {
    expect([own.pip.tellsAge, own.npm.tellsAge]).toEqual([true, false]);
  });

  it.each([
    ['beside an address', { codeArtifact, url }, 'leave one of them out'],
    [
      'beside a secret',
      { codeArtifact, secret: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:index-AbCdEf' },
      'the address of the index',
    ],
    [
      'of a domain',
      { codeArtifact: 'arn:aws:codeartifact:eu-west-1:111122223333:domain/acme' },
      'the ARN of a repository',
    ],
    [
      'of all',
      { codeArtifact: 'arn:aws:codeartifact:eu-west-1:111122223333:repository/acme/*' },
      'the ARN of a repository',
    ],
    [
      'of no account',
      { codeArtifact: 'arn:aws:codeartifact:eu-west-1::repository/acme/all' },
      'the ARN of a repository',
    ],
    ['with a quote', { codeArtifact: `${codeArtifact}'` }, 'the ARN of a repository'],
    [
      'as an address',
      { codeArtifact: 'https://acme-111122223333.d.codeartifact.eu-west-1.amazonaws.com' },
      'the ARN of a repository',
    ],
  ])('is refused %s', (_, pip, says) => {
    const { error } = Indexes.safeParse({ pip });
    expect(error?.issues.map(({ message }) => message).join()).toContain(says);
  });
});
