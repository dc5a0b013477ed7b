/** Schemas of answers are for those who read them: a cold start makes none of them. */
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { bundleOptions } from '#lib/bundle.ts';

test("the API's function loads the schemas of requests, and of answers only those that it strips by", async () => {
  const { metafile } = await build({
    ...bundleOptions,
    entryPoints: ['lambdas/api/handler.ts'],
    sourcemap: false,
    metafile: true,
    write: false,
  });
  const loaded = Object.keys(metafile.inputs);
  expect(loaded).toContain('api/schemas.ts');
  expect(loaded).toContain('api/key-schemas.ts');
  expect(loaded).not.toContain('api/answers.ts');
});
