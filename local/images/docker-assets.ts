/**
 * `docker` as `cdk deploy` uses it to publish image assets, done by buildah: inspect, images, build, tag, push.
 * Source: @aws-cdk/cdk-assets-lib, lib/private/docker.ts.
 */
import { parseArgs } from 'node:util';
import { attempt } from '#local/setup/run.ts';
import { buildah, platform, Refusal, toWrite } from './docker-buildah.ts';

export const assetCommands: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  inspect,
  images,
  build,
  tag,
  push,
};

/** Ends with 1 where there is no such image, as docker does. */
async function inspect(args: string[]): Promise<void> {
  const [image] = only('inspect', 1, args);
  if ((await attempt('buildah', ['inspect', '--type=image', image ?? ''])).code !== 0) process.exitCode = 1;
}

/** Asked for an image that an earlier run left under another name: each is built anew here. */
async function images(): Promise<void> {
  console.log('');
}

async function build(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      tag: { type: 'string' },
      'build-arg': { type: 'string', multiple: true, default: [] as string[] },
      platform: { type: 'string', default: platform },
    },
  });
  const [context] = only('build', 1, positionals);
  if (!values.tag) throw new Refusal('docker build: needs --tag');
  if (values.platform !== platform)
    throw new Refusal(
      `docker build --platform ${values.platform}: this machine builds ${platform} only; deploy with -c architecture=…`,
    );
  await buildah([
    'build',
    '--isolation=chroot',
    '--format=docker',
    '--layers',
    `--tag=${values.tag}`,
    ...values['build-arg'].map((value) => `--build-arg=${value}`),
    context ?? '.',
  ]);
}

async function tag(args: string[]): Promise<void> {
  await buildah(['tag', ...only('tag', 2, args)]);
}

async function push(args: string[]): Promise<void> {
  const [image = ''] = only('push', 1, args);
  await buildah(['push', '--format=v2s2', image, `docker://${toWrite(image)}`]);
}

function only(command: string, count: number, args: readonly string[]): readonly string[] {
  if (args.length !== count || args.some((arg) => arg.startsWith('-')))
    throw new Refusal(`docker ${command} ${args.join(' ')}: not as cdk deploy asks it`);
  return args;
}
