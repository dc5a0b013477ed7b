/** What an image may be made from: nothing that is typed becomes an option, another place or a word of a shell. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildContext, contentOf, type Making } from '#core/context.ts';
import { GitPrefix, GitSource, gitSays, ImageReference, sourceOf, whyNotFrom } from '#core/source.ts';
import { imagePartOf, Spec } from '#core/spec.ts';
import { digest, key } from './samples.ts';

const commit = 'a'.repeat(40);
const url = 'https://github.com/acme/shop';
const image = `image/tools/nginx@${digest(1)}`;
const complaints = (spec: unknown) =>
  Spec.safeParse(spec).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('a spec has one source', () => {
  it.each<[string, object, string[] | undefined]>([
    ['a base with its command', { base: 'debian-12', command: ['x'] }, undefined],
    ['an image as it is', { image }, undefined],
    ['an image with another command', { image, command: ['x'] }, undefined],
    ['a repository', { git: { url, commit } }, undefined],
    ['none', { command: ['x'] }, ['base: name a base of the catalog, or an image, or a git repository']],
    [
      'two',
      { base: 'debian-12', image, command: ['x'] },
      ['image: base is given already: one of base, image, git'],
    ],
    ['a base without a command', { base: 'debian-12' }, ['command: a base has no command of its own']],
    [
      'an image with packages and files',
      { image, packages: { apt: [{ name: 'curl' }] }, files: { 'a.py': '' } },
      [
        'packages: only with a base: what it is made from has what it has',
        'files: only with a base: what it is made from has what it has',
      ],
    ],
    [
      'a repository with a command',
      { git: { url, commit }, command: ['x'] },
      ['command: the Dockerfile of the repository says it (CMD)'],
    ],
  ])('%s', (_, spec, says) => {
    expect(complaints(spec)).toEqual(says);
  });

  it('and another one is another image', () => {
    const parts = [{ image }, { image: `image/tools/nginx@${digest(2)}` }, { git: { url, commit } }];
    const made = parts.map((part) => JSON.stringify(imagePartOf(Spec.parse(part))));
    expect(new Set(made).size).toBe(parts.length);
  });
});

it('is one of three', () => {
  expect(sourceOf({ base: 'debian-12' })).toEqual({ kind: 'base', base: 'debian-12' });
  expect(sourceOf({ image })).toEqual({ kind: 'image', repository: 'image/tools/nginx', digest: digest(1) });
  const git = GitSource.parse({ url, commit });
  expect(sourceOf({ git })).toEqual({ kind: 'git', git });
});

describe('an image is one of ours, by its digest', () => {
  it.each([
    'nginx',
    'image/nginx:latest',
    `nginx@${digest(1)}`,
    `docker.io/image/nginx@${digest(1)}`,
    `candidate/checkout/web@${digest(1)}`,
    `image/../release/a/b@${digest(1)}`,
    `image/a b@${digest(1)}`,
    `image/a@${digest(1)}\nRUN id`,
    `image/a@${digest(1)} AS base`,
  ])('%j is none', (reference) => {
    expect(ImageReference.safeParse(reference).success).toBe(false);
  });
});

describe('a repository', () => {
  it.each([
    'http://github.com/acme/shop',
    'git@github.com:acme/shop',
    'ssh://github.com/acme/shop',
    'file:///etc',
    'https://user@github.com/acme/shop',
    'https://github.com:8443/acme/shop',
    'https://github.com/acme/../other/shop',
    'https://github.com/acme/.git',
    'https://github.com/acme//shop',
    'https://github.com/acme/shop?x=1',
    'https://github.com/acme/shop#main',
    'https://github.com/acme/shop/',
    'https://github.com/acme/%2e%2e/shop',
    'https://localhost/acme/shop',
    'https://GitHub.com/acme/shop',
    '--upload-pack=id',
    'https://github.com/acme/$(id)',
    'https://github.com/acme/shop\n',
    'ext::sh -c id',
  ])('%j is no URL of one', (bad) => {
    expect(GitSource.safeParse({ url: bad, commit }).success).toBe(false);
  });

  it.each([
    { commit: 'main' },
    { commit: 'a'.repeat(39) },
    { commit: 'A'.repeat(40) },
    { folder: '..' },
    { folder: '/etc' },
    { folder: '-x' },
    { folder: 'a/../..' },
    { folder: '.git' },
    { dockerfile: '../Dockerfile' },
    { dockerfile: 'Docker file' },
    { branch: 'main' },
  ])('is not taken with %j', (parts) => {
    expect(GitSource.safeParse({ url, commit, ...parts }).success).toBe(false);
  });

  it('is fetched where the configuration lets it', () => {
    const git = GitSource.parse({ url, commit });
    expect(whyNotFrom(git, ['https://github.com/acme/'])).toBeUndefined();
    expect(whyNotFrom(git, ['https://git.example/', 'https://github.com/acm/'])).toContain(
      'it must begin with https://git.example/ or https://github.com/acm/',
    );
    expect(whyNotFrom(git, [])).toContain('nothing is built from Git here');
  });

  it('is fetched from below a prefix alone, whatever is typed', () => {
    const part = fc.constantFrom(
      'acme',
      'acme2',
      'evil',
      '..',
      '.',
      '',
      '%2e%2e',
      '@',
      'acme@evil.example',
      '\\',
      '?',
    );
    const typed = fc
      .tuple(
        fc.constantFrom('github.com', 'github.com.evil.example', 'evil.example'),
        fc.array(part, { maxLength: 4 }),
      )
      .map(([host, parts]) => `https://${[host, ...parts].join('/')}`);
    fc.assert(
      fc.property(typed, (one) => {
        const git = GitSource.safeParse({ url: one, commit });
        if (!git.success || whyNotFrom(git.data, ['https://github.com/acme/']) !== undefined) return;
        const { host, pathname, username } = new URL(one);
        expect({ host, username }).toEqual({ host: 'github.com', username: '' });
        expect(pathname).toMatch(/^\/acme\/[^/]/);
      }),
    );
  });

  it.each(['https://github.com/', 'https://github.com/acme', 'http://github.com/acme/'])(
    '%s is no prefix: it would let in more than an organisation',
    (prefix) => expect(GitPrefix.safeParse(prefix).success).toBe(false),
  );

  it('is named for people', () => {
    expect(gitSays(GitSource.parse({ url, commit, folder: 'services/api' }))).toBe(
      `${url} at ${'a'.repeat(12)}, folder services/api`,
    );
  });
});

describe('what is built', () => {
  const made = (parts: object, from: string = image): Making => ({
    from: 'image',
    key,
    spec: Spec.parse({ image, ...parts }),
    image: `registry.example/${from}`,
  });

  it('of an image is itself, with our labels, port and user, and no step that needs a shell', () => {
    expect(buildContext(made({}))['Dockerfile']).toBe(
      [
        `FROM registry.example/${image}`,
        `LABEL dev.getschwifty.environment="checkout/web" org.opencontainers.image.title="checkout/web" org.opencontainers.image.base.name="registry.example/image/tools/nginx" org.opencontainers.image.base.digest="${digest(1)}"`,
        'EXPOSE 9000',
        'USER 10001:10001',
        '',
      ].join('\n'),
    );
  });

  it('with a command is no argument of its entry point', () => {
    expect(buildContext(made({ command: ['nginx', '-g'] }))['Dockerfile']).toMatch(
      /\nENTRYPOINT \[\]\nCMD \["nginx","-g"\]\n$/,
    );
  });

  const git = GitSource.parse({ url, commit });
  const fetched = (parts: object = {}): Making => ({ from: 'git', key, git, epoch: '2026-11-19', ...parts });

  it('of a repository is said, not done: the build fetches it', () => {
    expect(Object.keys(buildContext(fetched()))).toEqual(['source.json']);
    expect(JSON.parse(buildContext(fetched())['source.json'] ?? '')).toEqual({
      url,
      commit,
      dockerfile: 'Dockerfile',
      epoch: '2026-11-19',
    });
  });

  it.each<[string, Making, Making]>([
    ['another image', made({}), made({}, `image/tools/nginx@${digest(2)}`)],
    ['another command', made({}), made({ command: ['x'] })],
    ['another commit', fetched(), fetched({ git: { ...git, commit: 'b'.repeat(40) } })],
    ['another folder', fetched(), fetched({ git: { ...git, folder: 'api' } })],
    ['another epoch', fetched(), fetched({ epoch: '2026-11-26' })],
  ])('%s is another content', (_, one, other) => {
    expect(contentOf(one)).not.toBe(contentOf(other));
  });

  it('on another port says so, and is the same content', () => {
    const elsewhere = made({ port: 8080 });
    expect(buildContext(elsewhere)['Dockerfile']).toMatch(/\nEXPOSE 8080\n/);
    expect(contentOf(elsewhere)).toBe(contentOf(made({})));
  });

  it('is the same wherever the registry is called', () => {
    expect(contentOf(made({}, `other/${image}`))).toBe(contentOf(made({})));
  });
});
