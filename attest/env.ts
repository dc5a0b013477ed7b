/** What the program that attaches is given: by CodeBuild, by its project and with each build (adapters/aws/builder.ts). */
import * as z from '#core/zod.ts';

const text = z.string().check(z.minLength(1));

const Made = z.object({
  environment: text,
  source: z.enum(['base', 'image', 'git']),
  content: z.string(),
  from: z.array(z.object({ uri: text, digest: z.record(z.string(), z.string()) })),
  epoch: z.optional(z.string()),
  fixes: z.optional(z.array(z.string())),
});

export const Env = z.object({
  REGISTRY: text,
  REPOSITORY: text,
  CODEBUILD_BUILD_ARN: text,
  /** Milliseconds since 1970. */
  CODEBUILD_START_TIME: z.coerce.number(),
  NO_CACHE: z._default(z.string(), ''),
  /** JSON; a build that was started by other means has none. */
  MADE_OF: z.optional(z.pipe(z.pipe(z.string(), z.transform(read)), Made)),
});
export type Env = z.infer<typeof Env>;

function read(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** As buildx writes it (`--metadata-file`). */
export const Metadata = z.object({
  'containerimage.digest': z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/, 'a digest')),
});

/** `aws ecr get-authorization-token` */
export const Tokens = z.object({
  authorizationData: z.tuple([z.object({ proxyEndpoint: z.url(), authorizationToken: text })]),
});

/** As much of CycloneDX as provenance tells. */
export const Sbom = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z._default(z.array(z.object({ purl: z.optional(z.string()) })), []),
});
