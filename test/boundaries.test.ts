/** The rules of .dependency-cruiser.cjs, each broken once in a small copy of the layout: every one must be told. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from '#core/zod.ts';

const root = dirname(import.meta.dirname);

const planted = {
  'core-is-pure': {
    'core/clock.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
  },
  'adapters-reach-core': { 'adapters/a.ts': "import '#lambdas/gate/handler.ts';\n" },
  'lambdas-reach-adapters-and-core': { 'lambdas/gate/handler.ts': "import '#api/routes.ts';\n" },
  'api-lambda-reaches-api': { 'lambdas/api/handler.ts': "import '#lib/stack.ts';\n" },
  'openapi-is-only-built': {
    'cli/bundle.ts': "import '#api/client/client.ts';\n",
    'api/client/client.ts': "import '#api/openapi/document.ts';\n",
    'api/openapi/document.ts': 'export const document = {};\n',
  },
  'cluster-programs-reach-adapters-and-core': {
    'watcher/main.ts': "import '#api/routes.ts';\n",
    'access/gate/main.ts': "import '#api/routes.ts';\n",
  },
  'api-reaches-core': { 'api/routes.ts': "import '#adapters/ok.ts';\n" },
  'lib-reaches-core-and-env': { 'lib/stack.ts': "import '#lambdas/promote/handler.ts';\n" },
  'bin-reaches-lib': { 'bin/app.ts': "import '#lambdas/promote/handler.ts';\n" },
  'people-use-the-api-client': { 'cli/schwifty.ts': "import '#core/ok.ts';\n" },
  'local-stays-outside': { 'local/start.ts': "import '#lambdas/promote/handler.ts';\n" },
  'zod-is-set-up-once': {
    'api/schemas.ts': "import * as z from 'zod/mini';\nexport const schema = z.string();\n",
  },
  'clients-only-in-adapters-and-local': { 'lambdas/pager/handler.ts': "import '@aws-sdk/client-sqs';\n" },
  'no-cycles': { 'core/one.ts': "import '#core/two.ts';\n", 'core/two.ts': "import '#core/one.ts';\n" },
  'everything-resolves': { 'core/lost.ts': "import '#core/nowhere.ts';\n" },
} as const;

/** What each rule allows: none of these may be told of. */
const allowed = {
  'core/zod.ts': "export * from 'zod/mini';\n",
  'core/ok.ts': "import * as z from './zod.ts';\nexport const schema = z.string();\n",
  'adapters/ok.ts': "import '@aws-sdk/client-sqs';\nimport '#core/ok.ts';\n",
  'lambdas/promote/env.ts': "import '#core/ok.ts';\n",
  'lambdas/promote/handler.ts': "import '#adapters/ok.ts';\nimport './env.ts';\n",
  'lib/good.ts': "import '#lambdas/promote/env.ts';\nimport 'aws-cdk-lib';\n",
  'local/good.ts': "import '@aws-sdk/client-sqs';\nimport '#adapters/ok.ts';\n",
} as const;

const reportSchema = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

let folder: string;
let violations: { from: string; rule: { name: string } }[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'boundaries-'));
  for (const name of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs'])
    copyFileSync(join(root, name), join(folder, name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const files of [allowed, ...Object.values(planted)]) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }
  const run = spawnSync(
    process.execPath,
    [join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'), '--output-type', 'json', '.'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 64 << 20 },
  );
  const report = reportSchema.parse(JSON.parse(run.stdout));
  violations = report.summary.violations;
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(Object.entries(planted))('%s: a planted violation is told', (rule, files) => {
  const told = violations.filter((violation) => violation.rule.name === rule).map(({ from }) => from);
  expect(told).toContain(Object.keys(files)[0]);
});

test('what the rules allow is not told', () => {
  expect(violations.filter(({ from }) => from in allowed)).toEqual([]);
});

test('every rule has a planted violation', () => {
  const rules = execFileSync(
    process.execPath,
    ['-p', "require('./.dependency-cruiser.cjs').forbidden.map((rule) => rule.name).join()"],
    { cwd: root, encoding: 'utf8' },
  );
  expect(rules.trim().split(',').sort()).toEqual(Object.keys(planted).sort());
});
