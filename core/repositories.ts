/**
 * How an environment's repositories are set up: the one definition for those that CDK makes and those that are made
 * with an environment. A candidate's builds keep their tags; what is released is immutable and never expires; a cache
 * is what it is. Shapes: Amazon ECR API Reference, CreateRepository; ECR User Guide, "Lifecycle policies".
 */
import { lockPrefix, type RepositoryKind } from './image.ts';

export type RepositoryUse = RepositoryKind | 'base';

interface Settings {
  readonly scanOnPush: boolean;
  readonly mutability: 'IMMUTABLE' | 'IMMUTABLE_WITH_EXCLUSION' | 'MUTABLE';
  /** Tags that may move all the same. */
  readonly movable: readonly string[];
  readonly rules: readonly LifecycleRule[];
}

interface LifecycleRule {
  readonly rulePriority: number;
  readonly description: string;
  readonly selection:
    | {
        readonly tagStatus: 'untagged';
        readonly countType: 'sinceImagePushed';
        readonly countUnit: 'days';
        readonly countNumber: number;
      }
    | { readonly tagStatus: 'any'; readonly countType: 'imageCountMoreThan'; readonly countNumber: number }
    | {
        readonly tagStatus: 'tagged';
        readonly tagPrefixList: readonly string[];
        readonly countType: 'imageCountMoreThan';
        readonly countNumber: number;
      };
  readonly action: { readonly type: 'expire' };
}

const untagged = (days: number): LifecycleRule => ({
  rulePriority: 1,
  description: 'No tag any more',
  selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: days },
  action: { type: 'expire' },
});

export const repositorySettings: Readonly<Record<RepositoryUse, Settings>> = {
  base: { scanOnPush: true, mutability: 'MUTABLE', movable: [], rules: [] },
  candidate: {
    scanOnPush: true,
    mutability: 'IMMUTABLE_WITH_EXCLUSION',
    // People who push by hand may move this one; what counts from the push on is the digest.
    movable: ['latest'],
    rules: [
      untagged(14),
      {
        rulePriority: 2,
        // Fifty: each has an SBOM and its provenance beside it, which count too.
        description: 'The newest builds',
        selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 150 },
        action: { type: 'expire' },
      },
    ],
  },
  release: { scanOnPush: true, mutability: 'IMMUTABLE', movable: [], rules: [] },
  cache: {
    scanOnPush: false,
    mutability: 'MUTABLE',
    movable: [],
    rules: [
      untagged(7),
      {
        rulePriority: 2,
        description: 'The newest locks',
        selection: {
          tagStatus: 'tagged',
          tagPrefixList: [lockPrefix],
          countType: 'imageCountMoreThan',
          countNumber: 50,
        },
        action: { type: 'expire' },
      },
    ],
  },
};

/** The text that ECR takes; undefined where nothing expires. */
export const lifecyclePolicyOf = (use: RepositoryUse): string | undefined => {
  const { rules } = repositorySettings[use];
  return rules.length === 0 ? undefined : JSON.stringify({ rules });
};

/** What makes or replaces an image. */
const writes = ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart'];
/** Of a released one it is removed too. */
const releaseActions = [...writes, 'ecr:BatchDeleteImage'];
/** What would let somebody make, replace, remove or hide one after all. */
const protectionActions = [
  'ecr:DeleteLifecyclePolicy',
  'ecr:DeleteRepository',
  'ecr:DeleteRepositoryPolicy',
  'ecr:PutImageScanningConfiguration',
  'ecr:PutImageTagMutability',
  'ecr:PutLifecyclePolicy',
  'ecr:SetRepositoryPolicy',
  'ecr:UpdateImageStorageClass',
];

/**
 * Whatever else a role in this account may do: only the promoter pushes to a release repository or deletes from it, and
 * only its keeper, who takes it away, changes what protects it. See docs/adr/0012.
 */
export const releasePolicyOf = (promoterArn: string, keeperArn: string) => ({
  Version: '2012-10-17',
  Statement: [
    deniedToAllBut('OnlyThePromoter', promoterArn, releaseActions),
    deniedToAllBut('OnlyItsKeeper', keeperArn, protectionActions),
  ],
});

/**
 * What a build takes from its cache it does not build: whatever else a role in this account may do, only the builds of its team write
 * it. See docs/adr/0042.
 */
export const cachePolicyOf = (builderArn: string) => ({
  Version: '2012-10-17',
  Statement: [deniedToAllBut('OnlyItsTeamsBuilds', builderArn, writes)],
});

const deniedToAllBut = (Sid: string, roleArn: string, Action: readonly string[]) => ({
  Sid,
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action,
  Condition: { ArnNotEquals: { 'aws:PrincipalArn': roleArn } },
});
