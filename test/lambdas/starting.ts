/** A function at its start: its bundle, with the configuration beside it, and values that its environment may have. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from '#core/zod.ts';
import { bundleOptions } from '#lib/bundle.ts';
import { loadConfig } from '#lib/config-file.ts';

export type Environment = Readonly<Record<string, string>>;

/** In a process of its own, as a new execution environment does it. @returns what `told` is then, as JSON; `entry` in it is what was loaded. */
export async function loaded(file: string, env: Environment, told: string): Promise<string> {
  const script =
    "const { performance } = require('node:perf_hooks'); const began = performance.now();" +
    `import(process.argv[1]).then(async (entry) => { console.log(JSON.stringify(await (${told}))); process.exit(0); });`;
  const options = { env: { PATH: process.env['PATH'], ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, file], options);
  return stdout.trim();
}

/** Values that the function's own schema takes, and what it holds against the configuration is in it. */
export async function environmentOf(name: string): Promise<Record<string, string>> {
  const { Env } = z
    .object({ Env: z.instanceof(z.ZodMiniObject) })
    .parse(await import(join(bundleOptions.absWorkingDir, 'lambdas', name, 'env.ts')));
  const given = Object.fromEntries(
    Object.entries(Env.shape).map(([key, schema]) => [key, sampleOf(key, schema)]),
  );
  Env.parse(given);
  return { ...given, AWS_REGION: 'us-east-1' };
}

function sampleOf(key: string, schema: unknown): string {
  if (schema instanceof z.ZodMiniEnum) return String(schema.options[0]);
  if (key === 'CLUSTER_NAME') return loadConfig().clusters[0]?.name ?? 'main';
  if (key.endsWith('_QUEUES')) return '{}';
  if (key === 'DEAD_LETTERS') return 'gate dlq queue,outbox dlq !outbox';
  if (key.endsWith('_CA')) return 'QQ==';
  if (key.endsWith('_ROLE_ARN')) return 'arn:aws:iam::111122223333:role/name';
  if (key.endsWith('_ROLES_ARN')) return 'arn:aws:iam::111122223333:role/name-';
  if (key.endsWith('_IMAGE')) return `name@sha256:${'0'.repeat(64)}`;
  return key.endsWith('URL') || key.endsWith('ENDPOINT') ? 'https://sqs.us-east-1.amazonaws.com/1/q' : 'name';
}
