/**
 * Each function starts from its bundle with the configuration as it is: what is wrong with either would fail its every invocation. The
 * API's checks its configuration part by part, when a request asks: it is asked. So does deploy's, with a message.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from '#core/zod.ts';
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

test('api: who may is decided by the configuration, and what is asked of a job is checked', async () => {
  const body = {
    team: 'nobodys',
    job: { dataset: 's3://lake/shared/', records: { kind: 'lines' }, command: ['wc'], parallelism: 1 },
  };
  const refused = await asked({ ...body, job: { ...body.job, parallelism: 'many' } });
  expect(refused).toMatchObject({ status: 422, fields: [{ path: 'job.parallelism' }] });
  expect(await asked(body)).toMatchObject({ status: 404, title: 'No such team' });
  const team = loadConfig().teams[0]?.name;
  expect(await asked({ ...body, team })).toMatchObject({ status: 403 });
});

/** By somebody who is in no group. @returns the problem that it answers. */
async function asked(body: unknown): Promise<unknown> {
  const claims = { sub: '1', username: 'mallory', 'cognito:username': 'mallory', 'cognito:groups': [] };
  const event = {
    rawPath: '/jobs',
    rawQueryString: '',
    headers: {
      authorization: `Bearer .${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`,
      'content-type': 'application/json',
      'idempotency-key': 'once-and-only-once',
    },
    body: JSON.stringify(body),
    requestContext: {
      requestId: '1',
      http: { method: 'POST' },
      authorizer: { jwt: { claims: { sub: '1' } } },
    },
  };
  const file = join(lambdas, 'api', 'index.mjs');
  const told = `entry.handler(${JSON.stringify(event)})`;
  const lines = (await loaded(file, await environmentOf('api'), told)).split('\n');
  const answer = z.object({ body: z.string() }).parse(JSON.parse(lines.at(-1) ?? ''));
  return JSON.parse(answer.body);
}
