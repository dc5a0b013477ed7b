/**
 * A local cloud of the bench's own, with environments for all that is measured (config.yaml) and, beside the product's
 * stacks, the bare path (bare/). It is stopped whatever happens.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '#lib/bundle.ts';
import { deploy } from '#local/aws/deploy.ts';
import { up } from '#local/cloud.ts';
import { type Access, accessTo } from '#local/demo/access.ts';
import type { Instance } from '#local/instance.ts';
import { cloudFile } from '#local/setup/cloud-file.ts';
import { makeReady } from '#local/setup/ready.ts';
import { run } from '#local/setup/run.ts';
import { down } from '#local/take-down.ts';
import type { Ui } from '#local/ui/ui.ts';

export interface BenchCloud extends Access {
  readonly instance: Instance;
  readonly bareTable: string;
}

/** @returns undefined where the machine can't, or the person does not want to: said already. */
export async function withCloud<T>(
  ui: Ui,
  yes: boolean,
  work: (cloud: BenchCloud) => Promise<T>,
): Promise<T | undefined> {
  process.env['GETSCHWIFTY_CONFIG'] = fileURLToPath(new URL('config.yaml', import.meta.url));
  const ready = await makeReady(ui, 'bench', yes);
  if (ready === undefined) return undefined;
  try {
    const { cloud } = await up(ready, ui);
    process.env['GETSCHWIFTY_CLOUD'] = cloudFile(ready.instance);
    const bareTable = await deployBare(ready.instance, cloud.aws);
    return await work({ ...accessTo(cloud), instance: ready.instance, bareTable });
  } finally {
    await down(ready.instance);
  }
}

async function deployBare(instance: Instance, url: string): Promise<string> {
  const folder = join(instance.state, 'bare');
  const log = join(instance.logs, 'bare.log');
  mkdirSync(folder, { recursive: true });
  await build({
    ...bundleOptions,
    entryPoints: ['test/bench/bare/handler.ts'],
    sourcemap: false,
    outfile: join(folder, 'bundle/index.mjs'),
  });
  const app = `${process.execPath} test/bench/bare/app.ts`;
  const assembly = join(folder, 'cdk.out');
  const options = ['--quiet', '--build', 'true', '--app', app, '--output', assembly];
  const context = ['--context', `bundle=${join(folder, 'bundle')}`];
  const env = { ...process.env, CDK_DISABLE_VERSION_CHECK: '1', CI: 'true' };
  await run('cdk', ['synth', ...options, ...context], { log, cwd: instance.root, env });
  const outputs = await deploy(instance, url, assembly, [], log);
  const table = outputs['GetSchwiftyBench']?.['BareTableName'];
  if (table === undefined) throw new Error(`the bare path was not deployed; see ${log}`);
  return table;
}
