/** What ECR holds of the repositories that are made with an environment: what the one definition says of them (core/repositories.ts). */
import {
  DescribeRepositoriesCommand,
  type ECRClient,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  LifecyclePolicyNotFoundException,
} from '@aws-sdk/client-ecr';
import { expect, onTestFinished } from 'vitest';
import { EcrRepositoryMaker, EcrRepositoryRemover, type Protection } from '#adapters/aws/repositories.ts';
import { parseJson } from '#core/errors.ts';
import { repositoryOf } from '#core/image.ts';
import { cachePolicyOf, lifecyclePolicyOf, releasePolicyOf, repositorySettings } from '#core/repositories.ts';
import * as z from '#core/zod.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf } from './samples.ts';

export interface RegistryWorld {
  readonly client: ECRClient;
  readonly protection: Protection;
}
let runs = 0;

export function madeRepositoriesContract(
  name: string,
  make: () => Promise<RegistryWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'repositories made with an environment', deviations, (test) => {
    /** Made, until the test ends. */
    async function made() {
      const { client, protection } = await make();
      const key = keyOf('contract', `made${runs++}-${Date.now().toString(36)}`);
      onTestFinished(() => new EcrRepositoryRemover(client).remove(key));
      await new EcrRepositoryMaker(protection, client).make(key);
      return { client, protection, key };
    }

    for (const kind of ['candidate', 'cache', 'release'] as const)
      test(`${kind}: scans, tags and what expires are as defined`, async () => {
        const { client, key } = await made();
        const repositoryName = repositoryOf(kind, key);
        const describe = new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] });
        const { repositories: [found] = [] } = await client.send(describe);
        const { scanOnPush, mutability, movable } = repositorySettings[kind];
        expect(found?.imageScanningConfiguration?.scanOnPush).toBe(scanOnPush);
        expect(found?.imageTagMutability).toBe(mutability);
        const filters = found?.imageTagMutabilityExclusionFilters ?? [];
        expect(filters.map(({ filter }) => filter)).toEqual(movable);
        expect(await rulesOf(client, repositoryName)).toEqual(parsed(lifecyclePolicyOf(kind)));
      });

    test('release: nobody but the promoter pushes, nobody but its keeper changes that', async () => {
      const { client, protection, key } = await made();
      const repositoryName = repositoryOf('release', key);
      const { policyText } = await client.send(new GetRepositoryPolicyCommand({ repositoryName }));
      const { promoterRoleArn, keeperRoleArn } = protection;
      expect(parsed(policyText)).toEqual(releasePolicyOf(promoterRoleArn, keeperRoleArn));
    });

    test('cache: nobody but builds of its team write it', async () => {
      const { client, protection, key } = await made();
      const repositoryName = repositoryOf('cache', key);
      const { policyText } = await client.send(new GetRepositoryPolicyCommand({ repositoryName }));
      expect(parsed(policyText)).toEqual(cachePolicyOf(`${protection.builderRolesArn}${key.team}`));
    });
  });
}

const parsed = (text: string | undefined): unknown =>
  text === undefined ? undefined : parseJson(z.unknown(), text, 'a policy');

async function rulesOf(client: ECRClient, repositoryName: string): Promise<unknown> {
  try {
    const { lifecyclePolicyText } = await client.send(new GetLifecyclePolicyCommand({ repositoryName }));
    return parsed(lifecyclePolicyText);
  } catch (error) {
    if (error instanceof LifecyclePolicyNotFoundException) return undefined;
    throw error;
  }
}
