/**
 * What CodeBuild runs. REGISTRY is the project's; REPOSITORY, TAG and CACHE_REPOSITORY come with each build, and
 * NO_CACHE (`--no-cache`) with one that is to take nothing of those before it.
 * No provenance or SBOM in the push: they would make an index of it, whose other children can't be scanned.
 */
import { BuildSpec } from 'aws-cdk-lib/aws-codebuild';

const cache = 'type=registry,ref=$REGISTRY/$CACHE_REPOSITORY:cache';

/** What a step may print: BuildKit's own limit, said so that it stays. What is beyond is cut, and the step goes on. */
const stepLogs = '--driver-opt env.BUILDKIT_STEP_LOG_MAX_SIZE=2097152';

const build = [
  'docker buildx build $NO_CACHE --progress plain --file Dockerfile',
  '--tag "$REGISTRY/$REPOSITORY:$TAG"',
  `--cache-from "${cache}"`,
  // ECR takes a cache as an OCI image only.
  `--cache-to "${cache},mode=max,image-manifest=true,oci-mediatypes=true"`,
  '--provenance=false --sbom=false --metadata-file metadata.json --push .',
].join(' ');

export const buildspec = BuildSpec.fromObject({
  version: '0.2',
  env: { shell: 'bash' },
  phases: {
    pre_build: {
      commands: ['aws ecr get-login-password | docker login --username AWS --password-stdin "$REGISTRY"'],
    },
    // The default builder can't write a cache to a registry.
    build: { commands: [`docker buildx create --use --driver docker-container ${stepLogs}`, build] },
  },
});
