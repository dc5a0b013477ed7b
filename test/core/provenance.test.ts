/** What the build stage hands on to a build, for its provenance: of each kind of source. */
import { expect, test } from 'vitest';
import { madeOf } from '#core/provenance.ts';
import { Spec } from '#core/spec.ts';
import { digest, key } from './samples.ts';

const spec = Spec.parse({ base: 'any', command: ['x'] });
const base = `r.test/base/debian@${digest(1)}`;
const sha256 = digest(1).slice('sha256:'.length);
const generated = { from: 'base', spec, baseImage: base, takes: ['apt'], key, epoch: '2026-11-26' } as const;

test('a generated image is of its base, and of what a verdict asked for', () => {
  const fixes = [{ manager: 'pip', package: 'six', version: '1.17.0' }] as const;
  const made = madeOf({ ...generated, fixes }, 'c0ffee');
  expect(made).toEqual({
    ...{ environment: `${key.team}/${key.name}`, source: 'base', content: 'c0ffee', epoch: '2026-11-26' },
    ...{ from: [{ uri: base, digest: { sha256 } }], fixes: ['pip:six=1.17.0'] },
  });
  expect(madeOf({ ...generated, fixes: [] }, 'c0ffee')).not.toHaveProperty('fixes');
});

test('one that stands already is of that', () => {
  const made = madeOf({ from: 'image', key, spec, image: base }, 'c0ffee');
  expect(made).toMatchObject({ source: 'image', from: [{ uri: base, digest: { sha256 } }] });
});

test('one of a Git repository is of its commit', () => {
  const commit = 'a'.repeat(40);
  const git = { url: 'https://git.test/a/b.git', commit, folder: undefined, dockerfile: 'Dockerfile' };
  const made = madeOf({ from: 'git', git, key, epoch: '2026-11-26' }, 'c0ffee');
  const uri = `git+https://git.test/a/b.git@${commit}`;
  expect(made).toMatchObject({ source: 'git', from: [{ uri, digest: { gitCommit: commit } }] });
});
