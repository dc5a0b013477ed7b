/**
 * The repositories of the configuration's environments and of the catalog's bases. Their names are core/image.ts's.
 * A candidate's builds keep their tags; what is released is immutable and never expires; a cache is what it is.
 */
import { Duration } from 'aws-cdk-lib';
import {
  ImageTagMutabilityExclusionFilter,
  Repository,
  type RepositoryProps,
  TagMutability,
  TagStatus,
} from 'aws-cdk-lib/aws-ecr';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { repositoryOf } from '#core/image.ts';
import { acknowledge } from './acknowledge.ts';
import { choicesOf, removalPolicyOf } from './context.ts';
import { deploymentRoleArn } from './deployment-role.ts';
import { pushActions } from './registry.ts';

const untagged = { description: 'No tag any more', tagStatus: TagStatus.UNTAGGED };

const kinds = {
  base: { imageScanOnPush: true },
  candidate: {
    imageScanOnPush: true,
    imageTagMutability: TagMutability.IMMUTABLE_WITH_EXCLUSION,
    // People who push by hand may move this one; what counts from the push on is the digest.
    imageTagMutabilityExclusionFilters: [ImageTagMutabilityExclusionFilter.wildcard('latest')],
    lifecycleRules: [
      { ...untagged, maxImageAge: Duration.days(14), rulePriority: 1 },
      { description: 'The newest builds', maxImageCount: 50, rulePriority: 2 },
    ],
  },
  release: { imageScanOnPush: true, imageTagMutability: TagMutability.IMMUTABLE },
  cache: { imageScanOnPush: false, lifecycleRules: [{ ...untagged, maxImageAge: Duration.days(7) }] },
} as const satisfies Record<string, RepositoryProps>;

/** What makes, replaces or removes a released image. */
const releaseActions = [
  ...pushActions.filter((action) => action !== 'ecr:BatchCheckLayerAvailability'),
  'ecr:BatchDeleteImage',
];

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

const deniedToAllBut = (roleArn: string, sid: string, actions: readonly string[]): PolicyStatement =>
  new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: [...actions],
    conditions: { ArnNotEquals: { 'aws:PrincipalArn': roleArn } },
  });
/** By kind: what checkov says of it, and why it is so. */
const findings = {
  all: {
    'checkov CKV_AWS_136':
      'ECR encrypts it; blobs are mounted only between repositories of the same encryption, and these have one.',
  },
  base: { 'checkov CKV_AWS_51': "A base's tag follows its distribution; builds name the digest behind it." },
  candidate: { 'checkov CKV_AWS_51': 'All tags but latest are immutable, and what counts is the digest.' },
  release: {},
  cache: {
    'checkov CKV_AWS_51': 'A cache is written anew by each build.',
    'checkov CKV_AWS_163': 'A cache is no image: nothing runs it.',
  },
} as const;

export class Repositories extends Construct {
  readonly #releases: readonly Repository[];

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    for (const name of new Set(config.catalog.bases.map((base) => base.repository))) this.#make('base', name);
    this.#releases = config.environments.map((environment) => {
      this.#make('candidate', repositoryOf('candidate', environment));
      this.#make('cache', repositoryOf('cache', environment));
      return this.#make('release', repositoryOf('release', environment));
    });
  }

  /**
   * Whatever else a role in this account may do: only this one pushes to a release repository or deletes from it, and
   * only a deployment of this stack changes what protects it. See docs/adr/0012.
   */
  releasedOnlyBy(role: IRole): void {
    for (const repository of this.#releases) {
      repository.addToResourcePolicy(deniedToAllBut(role.roleArn, 'OnlyThePromoter', releaseActions));
      repository.addToResourcePolicy(
        deniedToAllBut(deploymentRoleArn(this), 'OnlyTheDeployment', protectionActions),
      );
      acknowledge(repository, {
        'checkov CKV_AWS_32': 'The statement on everybody denies: nobody is let in.',
      });
    }
  }

  #make(kind: keyof typeof kinds, name: string): Repository {
    const repository = new Repository(this, name, {
      ...kinds[kind],
      repositoryName: name,
      removalPolicy: removalPolicyOf(this),
      emptyOnDelete: !choicesOf(this).retain,
    });
    acknowledge(repository, { ...findings.all, ...findings[kind] });
    return repository;
  }
}
