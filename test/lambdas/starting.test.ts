/** Each function starts from its bundle with the configuration as it is: what is wrong with either would fail its every invocation. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleLambdas, functionNames } from '#lib/bundle.ts';
import { loadConfig } from '#lib/config-file.ts';
import { environmentOf, loaded } from './starting.ts';

const folder = mkdtempSync(join(tmpdir(), 'starting-'));
const lambdas = join(folder, 'lambdas');

/** With what a team may have and the checkout's has not. */
beforeAll(async () => {
  const { teams, ...rest } = loadConfig();
  const databases = [{ name: 'orders', secret: 'shop/orders', network: '10.0.0.0/8' }];
  const datasets = ['s3://lake/shared/'];
  const all = { ...rest, teams: teams.map((team) => ({ ...team, databases, datasets, admins: 'admins' })) };
  const config = join(folder, 'config.yaml');
  writeFileSync(config, JSON.stringify(all));
  await bundleLambdas(lambdas, config);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

test.each(await functionNames())('%s', async (name) => {
  const file = join(lambdas, name, 'index.mjs');
  expect(await loaded(file, await environmentOf(name), "'started'")).toBe('"started"');
});
