/** An image that was pushed gets what belongs to it: the list of what is in it, and where it comes from. */
import { attach, digestOf } from '#adapters/oci/attach.ts';
import type { Registry } from '#adapters/oci/registry.ts';
import { parseJson } from '#core/errors.ts';
import { contentAnnotation, predicateType, sbomType, statementOf, statementType } from '#core/provenance.ts';
import { type Env, Sbom } from './env.ts';

interface Work {
  readonly env: Env;
  readonly digest: string;
  readonly registry: Registry;
  readonly sbom: () => Promise<Buffer>;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** @returns what could not be attached, and why: one does not hold up the other. */
export async function attest({ env, digest, registry, sbom, now, signal }: Work): Promise<string[]> {
  const problems: string[] = [];
  const place = { repository: env.REPOSITORY, digest };
  const tried = async <T>(what: string, body: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await body();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const list = await tried('SBOM', async () => {
    const bytes = await sbom();
    const { components } = parseJson(Sbom, bytes.toString('utf8'), 'the SBOM');
    await attach(registry, place, artifact(sbomType, 'sbom.cdx.json', bytes), signal);
    const packages = [...new Set(components.flatMap(({ purl }) => purl ?? []))].sort();
    return { digest: digestOf(bytes), packages };
  });
  const made = env.MADE_OF;
  if (!made) return [...problems, 'provenance: what it was made of was not told (MADE_OF)'];
  await tried('provenance', async () => {
    const statement = statementOf({
      name: `${env.REGISTRY}/${env.REPOSITORY}`,
      digest,
      made,
      buildArn: env.CODEBUILD_BUILD_ARN,
      startedOn: new Date(env.CODEBUILD_START_TIME).toISOString(),
      finishedOn: now().toISOString(),
      withoutCache: env.NO_CACHE !== '',
      sbom: list,
    });
    const bytes = Buffer.from(JSON.stringify(statement));
    const annotations = { 'in-toto.io/predicate-type': predicateType };
    const provenance = artifact(statementType, 'provenance.json', bytes, annotations);
    await attach(registry, place, provenance, signal);
  });
  return problems;
}

const artifact = (type: string, file: string, bytes: Buffer, annotations: Record<string, string> = {}) => ({
  type,
  file,
  bytes,
  annotations: { ...annotations, [contentAnnotation]: digestOf(bytes) },
});
