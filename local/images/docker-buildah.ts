/** What all of `docker` here stands on: buildah, and the registry that stands for ECR. */
import { spawn } from 'node:child_process';
import * as z from '#core/zod.ts';

export class Refusal extends Error {}

export const environment = z.object({
  REGISTRY_AUTH_FILE: z.string().check(z.minLength(1)),
  /** The registry's name in image references. */
  LOCAL_REGISTRY_NAME: z.string().check(z.minLength(1)),
  /** Where that registry is: `http://host:port`. */
  LOCAL_REGISTRY: z.url(),
});

/** buildah reads by registries.conf, which leads the name to its address, but writes to where the reference says. */
export function toWrite(reference: string): string {
  const { LOCAL_REGISTRY_NAME: name, LOCAL_REGISTRY: address } = environment.parse(process.env);
  if (!reference.startsWith(`${name}/`)) throw new Refusal(`${reference}: local builds push to ${name} only`);
  return new URL(address).host + reference.slice(name.length);
}

/** What this machine builds. */
export const platform = `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;

/** @param clip what of its output is printed; without it all. */
export async function buildah(args: readonly string[], clip?: (piece: string) => string): Promise<void> {
  await run('buildah', args, { clip });
}

interface Running {
  readonly clip?: ((piece: string) => string) | undefined;
  /** Beside this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** What it is, for people, where that is not the command. */
  readonly says?: string;
}

export async function run(
  command: string,
  args: readonly string[],
  { clip, env, says = `${command} ${args[0]}` }: Running,
): Promise<void> {
  const output = clip ? 'pipe' : 'inherit';
  const child = spawn(command, args, {
    stdio: ['ignore', output, output],
    ...(env && { env: { ...process.env, ...env } }),
  });
  if (clip) {
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => process.stdout.write(clip(piece)));
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => process.stderr.write(clip(piece)));
  }
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal ?? 'no exit code'));
  });
  if (code !== 0) throw new Error(`${says} ended with ${code}`);
}
