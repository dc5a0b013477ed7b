/**
 * Where an image comes from, as an in-toto statement with SLSA's predicate: what was asked for, what it was made of, who made it
 * and when. Sources: in-toto attestation framework, Statement v1; SLSA specification 1.0, "Provenance" (slsa.dev/provenance/v1).
 */
import type { Making } from './context.ts';
import { environmentId } from './names.ts';

export const statementType = 'application/vnd.in-toto+json';
export const sbomType = 'application/vnd.cyclonedx+json';
/** Annotation of what refers to an image: the digest of its content, so that a list of them leads there. */
export const contentAnnotation = 'dev.getschwifty.content';
export const predicateType = 'https://slsa.dev/provenance/v1';
/** docs/adr/0035 says what its parameters mean. */
const buildType = 'https://getschwifty.dev/build/v1';

/** What the build stage knows of a build, and hands on to it. */
export interface MadeOf {
  /** `team/name` */
  readonly environment: string;
  readonly source: Making['from'];
  /** SHA-256 of all that it is made of (docs/adr/0024). */
  readonly content: string;
  readonly from: readonly Material[];
  readonly epoch?: string | undefined;
  /** Versions that a verdict asked for. */
  readonly fixes?: readonly string[] | undefined;
}

interface Material {
  readonly uri: string;
  readonly digest: Readonly<Record<string, string>>;
}

export function madeOf(making: Making, content: string): MadeOf {
  const common = { environment: environmentId(making.key), source: making.from, content };
  if (making.from === 'image') return { ...common, from: [imageAt(making.image)] };
  const { epoch } = making;
  if (making.from === 'git') {
    const { url, commit } = making.git;
    return { ...common, epoch, from: [{ uri: `git+${url}@${commit}`, digest: { gitCommit: commit } }] };
  }
  const fixes = making.fixes.map(({ manager, package: name, version }) => `${manager}:${name}=${version}`);
  return { ...common, epoch, from: [imageAt(making.baseImage)], ...(fixes.length > 0 && { fixes }) };
}

/** @param reference with its digest. */
function imageAt(reference: string): Material {
  const [, digest = ''] = reference.split('@sha256:');
  return { uri: reference, digest: { sha256: digest } };
}

export interface Built {
  /** The repository, with its registry. */
  readonly name: string;
  readonly digest: string;
  readonly made: MadeOf;
  /** Of CodeBuild: `arn:…:build/<project>:<id>`. */
  readonly buildArn: string;
  readonly startedOn: string;
  readonly finishedOn: string;
  readonly withoutCache: boolean;
  /** What was found in the image, by package URL, and the digest of the list. */
  readonly sbom?: { readonly digest: string; readonly packages: readonly string[] } | undefined;
}

const sha256 = (digest: string) => ({ sha256: digest.replace(/^sha256:/, '') });

export function statementOf({ name, digest, made, buildArn, startedOn, finishedOn, ...rest }: Built) {
  const { environment, source, content, from, epoch, fixes = [] } = made;
  const packages = (rest.sbom?.packages ?? []).map((uri) => ({ uri }));
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: sha256(digest) }],
    predicateType,
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: { environment, source, content },
        internalParameters: { epoch, fixes, withoutCache: rest.withoutCache },
        resolvedDependencies: [...from, ...packages],
      },
      runDetails: {
        builder: { id: buildArn.replace(/:build\/([^:]+):.*$/, ':project/$1') },
        metadata: { invocationId: buildArn, startedOn, finishedOn },
        byproducts: rest.sbom
          ? [{ name: 'sbom', mediaType: sbomType, digest: sha256(rest.sbom.digest) }]
          : [],
      },
    },
  };
}
