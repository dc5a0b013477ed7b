/**
 * Deploys with the plain `cdk` program, as to AWS: only the endpoint and the credentials are the emulator's, and the
 * `docker` that it builds image assets with is local/images/docker.ts.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from '#core/zod.ts';
import { ACCOUNT, adminEnvironment, REGION } from '#local/aws/emulator.ts';
import { containerSettings } from '#local/images/container-settings.ts';
import type { Instance } from '#local/instance.ts';
import { registryHost } from '#local/setup/cloud-file.ts';
import { withLock } from '#local/setup/lock.ts';
import { capture, run } from '#local/setup/run.ts';

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
  mkdirSync(instance.cache, { recursive: true });
  // What images are built in has one writer: another instance that deploys meanwhile waits.
  await withLock(join(instance.cache, 'product-images.lock'), async () => {
    await boundImages(instance);
    await cdk(instance, url, log, ['deploy', ...what, '--app', cdkOut, ...how]);
  });
  return outputsSchema.parse(JSON.parse(readFileSync(outputs, 'utf8')));
}

async function cdk(instance: Instance, url: string, log: string, args: readonly string[]): Promise<void> {
  const home = join(instance.state, 'cdk');
  mkdirSync(home, { recursive: true });
  const { hostname } = new URL(url);
  const docker = await dockerEnvironment(url, home, imagesOf(instance));
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

/** Of the product's own images. Their layers outlive an instance: a compiler that is installed for one of them takes a minute. */
const imagesOf = (instance: Instance): string => join(instance.cache, 'product-images');
/** Layers of sources that have changed since stay: beyond this all go, and what is wanted is built anew. */
const mostImagesMiB = 6 * 1024;

async function boundImages(instance: Instance): Promise<void> {
  const folder = imagesOf(instance);
  if (!existsSync(folder)) return;
  const [mebibytes] = (await capture('du', ['--summarize', '--block-size=1M', folder])).split('\t');
  if (Number(mebibytes) > mostImagesMiB) rmSync(folder, { recursive: true });
}

/** @param state where layers are: not where builds have theirs, which has one writer. */
async function dockerEnvironment(registry: string, home: string, state: string): Promise<NodeJS.ProcessEnv> {
  const work = join(home, 'docker');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const settings = { state, registry, registryName: registryHost };
  return {
    LOCAL_REGISTRY: registry,
    LOCAL_REGISTRY_NAME: registryHost,
    TMPDIR: work,
    ...(await containerSettings(settings, work)),
  };
}
