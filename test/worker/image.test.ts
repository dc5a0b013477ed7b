/** A worker's image starts it as tests and benches do: what they say of its memory is of that. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { workerFlags } from '#core/jobs/worker-flags.ts';

it('starts Node with the flags that were measured', () => {
  const file = readFileSync(new URL('../../worker/image/Dockerfile', import.meta.url), 'utf8');
  const [, words = ''] = /^ENTRYPOINT (.*)$/m.exec(file) ?? [];
  expect(JSON.parse(words)).toEqual(['node', ...workerFlags, '/worker/index.mjs']);
});
