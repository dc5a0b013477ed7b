/**
 * `docker` as this project's buildspecs use it, done by buildah: login, buildx create, buildx build --push; and as
 * `cdk deploy` uses it for image assets (docker-assets.ts).
 * Whatever else is asked is refused by its name, so that nothing passes here and fails in CodeBuild, or is ignored.
 * Storage, registries and credentials come from the files that local/images/build.ts names in the environment.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { assetCommands } from './docker-assets.ts';
import { buildah, environment, platform, Refusal, toWrite } from './docker-buildah.ts';
import { create, network, onNetwork } from './docker-network.ts';
import { clipSteps } from './step-log.ts';

async function main([command, ...rest]: readonly string[]): Promise<void> {
  if (command === 'login') return login(rest);
  if (command === 'network') return network(rest);
  const assets = assetCommands[command ?? ''];
  if (assets) return assets(rest);
  if (command !== 'buildx')
    throw new Refusal(`docker ${command ?? ''}: only login, network and buildx work in local builds`);
  const [subcommand, ...options] = rest;
  if (subcommand === 'create') return create(options);
  if (subcommand === 'build') return build(options);
  throw new Refusal(`docker buildx ${subcommand ?? ''}: only create and build work in local builds`);
}

async function login(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { username: { type: 'string', short: 'u' }, 'password-stdin': { type: 'boolean' } },
  });
  const [registry, ...others] = positionals;
  if (!registry || others.length > 0) throw new Refusal('docker login: name one registry');
  if (values.username !== 'AWS' || !values['password-stdin']) {
    throw new Refusal('docker login: ECR takes --username AWS --password-stdin');
  }
  const password = (await text(process.stdin)).trim();
  if (password === '') throw new Refusal('docker login: the password on standard input is empty');
  const { LOCAL_REGISTRY, REGISTRY_AUTH_FILE } = environment.parse(process.env);
  const auth = Buffer.from(`AWS:${password}`).toString('base64');
  const answer = await fetch(`${LOCAL_REGISTRY}/v2/`, { headers: { authorization: `Basic ${auth}` } });
  if (!answer.ok) throw new Refusal(`docker login: ${registry} answered ${answer.status}`);
  const auths = { [registry]: { auth }, [new URL(LOCAL_REGISTRY).host]: { auth } };
  await writeFile(REGISTRY_AUTH_FILE, JSON.stringify({ auths }), { mode: 0o600 });
  console.log('Login Succeeded');
}

const buildOptions = {
  platform: { type: 'string' },
  file: { type: 'string', short: 'f', default: 'Dockerfile' },
  tag: { type: 'string', short: 't', multiple: true, default: [] as string[] },
  'build-arg': { type: 'string', multiple: true, default: [] as string[] },
  label: { type: 'string', multiple: true, default: [] as string[] },
  target: { type: 'string' },
  'cache-from': { type: 'string', multiple: true, default: [] as string[] },
  'cache-to': { type: 'string', multiple: true, default: [] as string[] },
  provenance: { type: 'string' },
  sbom: { type: 'string' },
  'metadata-file': { type: 'string' },
  progress: { type: 'string' },
  'no-cache': { type: 'boolean' },
  secret: { type: 'string', multiple: true, default: [] as string[] },
  output: { type: 'string' },
  pull: { type: 'boolean' },
  push: { type: 'boolean' },
} as const;

async function build(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: buildOptions });
  const [context, ...others] = positionals;
  if (!context || others.length > 0) throw new Refusal('docker buildx build: name one context folder');
  if (values.output !== undefined) return extract(values.output, values.file, context);
  if (!values.push || values.tag.length === 0)
    throw new Refusal('docker buildx build: needs --push and --tag');
  for (const option of ['provenance', 'sbom'] as const) {
    if (values[option] !== 'false') throw new Refusal(`docker buildx build: needs --${option}=false`);
  }
  if (values.platform !== undefined && values.platform !== platform) {
    throw new Refusal(
      `docker buildx build --platform ${values.platform}: this machine builds ${platform} only`,
    );
  }
  const each = (option: string, given: readonly string[]) => given.map((value) => `--${option}=${value}`);
  await onNetwork(
    [
      'build',
      '--isolation=chroot',
      '--format=docker',
      '--layers',
      '--pull',
      `--file=${values.file}`,
      ...each('tag', values.tag),
      // As BuildKit's predefined ones: buildah gives them to RUN by itself, from its own environment.
      ...each(
        'build-arg',
        values['build-arg'].filter((given) => !/^https?_proxy=/.test(given)),
      ),
      ...each('secret', values.secret),
      ...(values.target === undefined ? [] : [`--target=${values.target}`]),
      ...(values['no-cache'] ? ['--no-cache'] : []),
      ...each('cache-from', values['cache-from'].map(cacheRepository)),
      ...each('cache-to', values['cache-to'].map(cacheRepository)),
      context,
    ],
    clipSteps(),
  );
  await label(values.tag, each('label', values.label));
  await push(values.tag, values['metadata-file']);
}

/**
 * As BuildKit does it: of the image alone. With its own `--label` buildah 1.28 makes a new image of each stage that is nothing but
 * a FROM, and then finds none of the layers upon it in any cache.
 */
async function label([first = '', ...others]: readonly string[], labels: readonly string[]): Promise<void> {
  if (labels.length === 0) return;
  const container = `label-${randomUUID()}`;
  const quietly = () => '';
  await buildah(['from', '--pull-never', `--name=${container}`, first], quietly);
  await buildah(['config', ...labels, container], quietly);
  await buildah(['commit', '--rm', '--quiet', '--format=docker', container, first], quietly);
  if (others.length > 0) await buildah(['tag', first, ...others]);
}

/** The files of an image, without a push. */
async function extract(output: string, file: string, context: string): Promise<void> {
  if (!/^type=local,dest=[^,]+$/.test(output))
    throw new Refusal(`docker buildx build --output ${output}: only type=local,dest=… works in local builds`);
  await buildah([
    'build',
    '--isolation=chroot',
    '--pull-always',
    `--file=${file}`,
    `--output=${output}`,
    context,
  ]);
}

/** `type=registry,ref=host/repository:tag[,mode=max]`: buildah keeps one image a layer, tagged by what made it. */
function cacheRepository(option: string): string {
  const fields = new Map(
    option.split(',').map((field) => [field.split('=')[0], field.slice(field.indexOf('=') + 1)]),
  );
  const unknown = [...fields.keys()].filter(
    (key) => !['type', 'ref', 'mode', 'image-manifest', 'oci-mediatypes'].includes(key ?? ''),
  );
  const ref = fields.get('ref');
  if (fields.get('type') !== 'registry' || ref === undefined || unknown.length > 0) {
    throw new Refusal(`cache «${option}»: only type=registry,ref=…[,mode=max] works in local builds`);
  }
  return toWrite(ref.replace(/:[^/:]+$/, ''));
}

async function push(tags: readonly string[], metadataFile: string | undefined): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'push-'));
  try {
    const digestFile = join(work, 'digest');
    for (const tag of tags) {
      await buildah(['push', '--format=v2s2', `--digestfile=${digestFile}`, tag, `docker://${toWrite(tag)}`]);
    }
    if (metadataFile === undefined) return;
    const digest = (await readFile(digestFile, 'utf8')).trim();
    const metadata = { 'containerimage.digest': digest, 'image.name': tags.join(',') };
    await writeFile(metadataFile, `${JSON.stringify(metadata, null, 2)}\n`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // A message, not a stack: parseArgs names the option that it does not know, and refusals say what works.
  console.error(`ERROR: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
