/** The repositories of the configuration's environments and of the catalog's bases, as core/repositories.ts has them. */
import { Lazy } from 'aws-cdk-lib';
import { CfnRepository } from 'aws-cdk-lib/aws-ecr';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { type RepositoryKind, repositoryOf } from '#core/image.ts';
import type { TeamName } from '#core/names.ts';
import {
  cachePolicyOf,
  lifecyclePolicyOf,
  type RepositoryUse,
  releasePolicyOf,
  repositorySettings,
} from '#core/repositories.ts';
import { acknowledge } from './acknowledge.ts';
import { notBackedUp } from './backups.ts';
import { builderRolesArn } from './builder-roles.ts';
import { choicesOf, removalPolicyOf } from './context.ts';
import { deploymentRoleArn } from './deployment-role.ts';

/** By use: what checkov says of it, and why it is so. */
const findings = {
  all: {
    'checkov CKV_AWS_136':
      'ECR encrypts it; blobs are mounted only between repositories of the same encryption, and these have one.',
  },
  base: { 'checkov CKV_AWS_51': "A base's tag follows its distribution; builds name the digest behind it." },
  candidate: { 'checkov CKV_AWS_51': 'All tags but latest are immutable, and what counts is the digest.' },
  release: { 'checkov CKV_AWS_32': 'The statement on everybody denies: nobody is let in.' },
  cache: {
    'checkov CKV_AWS_32': 'The statement on everybody denies: nobody is let in.',
    'checkov CKV_AWS_51': 'A cache is written anew by each build.',
    'checkov CKV_AWS_163': 'A cache is no image: nothing runs it.',
  },
} as const;

export class Repositories extends Construct {
  #promoter: IRole | undefined;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    for (const name of new Set(config.catalog.bases.map((base) => base.repository)))
      this.#make('base', name, {});
    for (const environment of config.environments)
      for (const kind of ['candidate', 'cache', 'release'] as const)
        this.#make(kind, repositoryOf(kind, environment), this.#policyOf(kind, environment.team));
  }

  /** The only one that pushes to a release repository. What protects one is changed by a deployment of this stack alone. */
  releasedOnlyBy(role: IRole): void {
    this.#promoter = role;
  }

  #policyOf(kind: RepositoryKind, team: TeamName): { readonly repositoryPolicyText?: unknown } {
    if (kind === 'cache') return { repositoryPolicyText: cachePolicyOf(`${builderRolesArn(this)}${team}`) };
    return kind === 'release'
      ? { repositoryPolicyText: Lazy.any({ produce: () => this.#protection() }) }
      : {};
  }

  #make(use: RepositoryUse, name: string, policy: { readonly repositoryPolicyText?: unknown }): void {
    const { scanOnPush, mutability, movable } = repositorySettings[use];
    const lifecyclePolicyText = lifecyclePolicyOf(use);
    const repository = new CfnRepository(this, name, {
      repositoryName: name,
      imageScanningConfiguration: { scanOnPush },
      imageTagMutability: mutability,
      ...(movable.length === 0
        ? {}
        : {
            imageTagMutabilityExclusionFilters: movable.map((tag) => ({
              imageTagMutabilityExclusionFilterType: 'WILDCARD',
              imageTagMutabilityExclusionFilterValue: tag,
            })),
          }),
      ...(lifecyclePolicyText === undefined ? {} : { lifecyclePolicy: { lifecyclePolicyText } }),
      ...policy,
      emptyOnDelete: !choicesOf(this).retain,
    });
    repository.applyRemovalPolicy(removalPolicyOf(this));
    acknowledge(repository, { ...findings.all, ...findings[use] });
    notBackedUp(
      repository,
      'What is in it is built again of its spec, or mirrored again; releases never expire (docs/adr/0013).',
    );
  }

  /** The promoter comes later in the flow. */
  #protection() {
    if (!this.#promoter) throw new Error('Say who releases: Repositories.releasedOnlyBy.');
    return releasePolicyOf(this.#promoter.roleArn, deploymentRoleArn(this));
  }
}
