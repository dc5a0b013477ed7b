/** Repositories that come and go with their environment, in ECR. */
import {
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  ECRClient,
  GetRepositoryPolicyCommand,
  PutLifecyclePolicyCommand,
  RepositoryAlreadyExistsException,
  RepositoryNotFoundException,
  RepositoryPolicyNotFoundException,
  SetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import { type RepositoryKind, repositoryOf } from '#core/image.ts';
import type { EnvironmentKey } from '#core/names.ts';
import type { RepositoryMaker, RepositoryRemover } from '#core/ports.ts';
import { cachePolicyOf, lifecyclePolicyOf, releasePolicyOf, repositorySettings } from '#core/repositories.ts';
import { retryable } from './errors.ts';

const kinds: readonly RepositoryKind[] = ['candidate', 'cache', 'release'];

export interface Protection {
  readonly promoterRoleArn: string;
  /** Who takes it away, and alone may change its policy. */
  readonly keeperRoleArn: string;
  /** What the ARN of the role begins with that a team's builds have; behind it is the team's name. */
  readonly builderRolesArn: string;
}

export class EcrRepositoryMaker implements RepositoryMaker {
  readonly #client: ECRClient;
  readonly #protection: Protection;

  constructor(protection: Protection, client: ECRClient = new ECRClient({})) {
    this.#client = client;
    this.#protection = protection;
  }

  async make(key: EnvironmentKey): Promise<void> {
    await Promise.all(kinds.map((kind) => this.#make(kind, repositoryOf(kind, key), key)));
  }

  async #make(kind: RepositoryKind, repositoryName: string, { team }: EnvironmentKey): Promise<void> {
    const { scanOnPush, mutability, movable } = repositorySettings[kind];
    const create = new CreateRepositoryCommand({
      repositoryName,
      imageScanningConfiguration: { scanOnPush },
      imageTagMutability: mutability,
      ...(movable.length === 0
        ? {}
        : {
            imageTagMutabilityExclusionFilters: movable.map((filter) => ({ filterType: 'WILDCARD', filter })),
          }),
    });
    await unless(RepositoryAlreadyExistsException, 'CreateRepository', () => this.#client.send(create));
    const lifecyclePolicyText = lifecyclePolicyOf(kind);
    if (lifecyclePolicyText !== undefined) {
      const put = new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText });
      await retryable('PutLifecyclePolicy', () => this.#client.send(put));
    }
    if (kind === 'release') await this.#protect(repositoryName);
    if (kind !== 'cache') return;
    // Each time: so one that is older than its team's role has it too.
    const policyText = JSON.stringify(cachePolicyOf(`${this.#protection.builderRolesArn}${team}`));
    const set = new SetRepositoryPolicyCommand({ repositoryName, policyText });
    await retryable('SetRepositoryPolicy', () => this.#client.send(set));
  }

  /** Once: from then on only its keeper may. */
  async #protect(repositoryName: string): Promise<void> {
    const get = new GetRepositoryPolicyCommand({ repositoryName });
    const found = await unless(RepositoryPolicyNotFoundException, 'GetRepositoryPolicy', () =>
      this.#client.send(get),
    );
    if (found) return;
    const { promoterRoleArn, keeperRoleArn } = this.#protection;
    const policyText = JSON.stringify(releasePolicyOf(promoterRoleArn, keeperRoleArn));
    // It shuts out its maker too, which ECR takes for a mistake unless it is forced (API reference, SetRepositoryPolicy).
    const set = new SetRepositoryPolicyCommand({ repositoryName, policyText, force: true });
    await retryable('SetRepositoryPolicy', () => this.#client.send(set));
  }
}

export class EcrRepositoryRemover implements RepositoryRemover {
  readonly #client: ECRClient;

  constructor(client: ECRClient = new ECRClient({})) {
    this.#client = client;
  }

  async remove(key: EnvironmentKey): Promise<void> {
    for (const kind of kinds) {
      const command = new DeleteRepositoryCommand({ repositoryName: repositoryOf(kind, key), force: true });
      await unless(RepositoryNotFoundException, 'DeleteRepository', () => this.#client.send(command));
    }
  }
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** @returns undefined where the service says that there is nothing to do. */
async function unless<T>(error: ErrorClass, what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await retryable(what, work);
  } catch (thrown) {
    if (thrown instanceof error) return undefined;
    throw thrown;
  }
}
