/**
 * Runs behind the push of each build, in CodeBuild (lib/stages/buildspec.ts): `node attest.mjs metadata.json`. By any Node from 18
 * on: the machine's own.
 */
import { readFile } from 'node:fs/promises';
import { Registry } from '#adapters/oci/registry.ts';
import { parse, parseJson } from '#core/errors.ts';
import { attest } from './attest.ts';
import { Env, Metadata, Tokens } from './env.ts';
import { run, sbomOf } from './syft.ts';

const pace = { tries: 5, pauseMs: 500, idleMs: 30_000, partBytes: 10 * 1024 * 1024 };
const limitMs = 600_000;

const [file = 'metadata.json'] = process.argv.slice(2);
const env = parse(Env, process.env, 'the environment of the build');
const { 'containerimage.digest': digest } = parseJson(Metadata, await readFile(file, 'utf8'), file);
const tokens = await run('aws', ['ecr', 'get-authorization-token', '--output', 'json'], process.env);
const [token] = parseJson(Tokens, tokens, 'the answer of ECR').authorizationData;
const grant = {
  origin: new URL(token.proxyEndpoint).origin,
  authorization: `Basic ${token.authorizationToken}`,
};
const registry = new Registry(async () => grant, pace);
try {
  const image = `${new URL(grant.origin).host}/${env.REPOSITORY}@${digest}`;
  const problems = await attest({
    ...{ env, digest, registry, signal: AbortSignal.timeout(limitMs) },
    sbom: () => sbomOf(image, grant),
    now: () => new Date(),
  });
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  registry.close();
}
