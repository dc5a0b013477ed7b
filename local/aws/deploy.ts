/**
 * Deploys with the plain `cdk` program, as to AWS: only the endpoint and the credentials are the emulator's, and the
 * `docker` that it builds image assets with is local/images/docker.ts.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from '#core/zod.ts';
import { ACCOUNT, adminEnvironment, REGION } from '#local/aws/emulator.ts';
import { containerSettings } from '#local/images/container-settings.ts';
import type { Instance } from '#local/instance.ts';
import { registryHost } from '#local/setup/cloud-file.ts';
import { run } from '#local/setup/run.ts';

/** By stack, then by output name. */
export type Outputs = Record<string, Record<string, string>>;
const outputsSchema = z.record(z.string(), z.record(z.string(), z.string()));

export async function bootstrap(instance: Instance, url: string, log: string): Promise<void> {
  await cdk(instance, url, log, ['bootstrap', `aws://${ACCOUNT}/${REGION}`, '--app', '']);
}

/** Stacks are given in the order of their dependencies, or none for all; `cdkOut` is an assembly made before. */
export async function deploy(
  instance: Instance,
  url: string,
  cdkOut: string,
  stacks: readonly string[],
  log: string,
): Promise<Outputs> {
  const outputs = join(instance.state, 'outputs.json');
  const what = stacks.length > 0 ? stacks : ['--all'];
  const how = ['--require-approval', 'never', '--outputs-file', outputs, '--concurrency', '4'];
  await cdk(instance, url, log, ['deploy', ...what, '--app', cdkOut, ...how]);
  return outputsSchema.parse(JSON.parse(readFileSync(outputs, 'utf8')));
}

async function cdk(instance: Instance, url: string, log: string, args: readonly string[]): Promise<void> {
  const home = join(instance.state, 'cdk');
  mkdirSync(home, { recursive: true });
  const { hostname } = new URL(url);
  const docker = await dockerEnvironment(url, home);
  await run(join(instance.root, 'node_modules/.bin/cdk'), [...args, '--no-notices', '--ci'], {
    log,
    cwd: home,
    env: {
      ...docker,
      PATH: `${join(instance.root, 'local/images/bin')}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      HOME: home,
      NO_PROXY: hostname,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      ...adminEnvironment(url),
    },
  });
}

/** A storage of its own: that of the builds has one writer. */
async function dockerEnvironment(registry: string, home: string): Promise<NodeJS.ProcessEnv> {
  const work = join(home, 'docker');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const settings = { state: home, registry, registryName: registryHost };
  return {
    LOCAL_REGISTRY: registry,
    LOCAL_REGISTRY_NAME: registryHost,
    TMPDIR: work,
    ...(await containerSettings(settings, work)),
  };
}
