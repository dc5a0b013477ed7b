/** What whoever gives workers their identity must do: once is as good as twice, and what is not there is gone. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { WorkerIdentities } from '#core/jobs/worker-identities.ts';
import { jobKey } from '../core/jobs/samples.ts';
import { contract, type Deviations } from './contract.ts';

export interface IdentitiesWorld {
  readonly identities: WorkerIdentities;
  /** How many the job's workers have. */
  readonly count: (job: string) => Promise<number>;
}

export function workerIdentitiesContract(
  name: string,
  { identities, count }: IdentitiesWorld,
  deviations: Deviations = {},
): void {
  contract(name, 'the identities of workers', deviations, (test) => {
    const job = () => ({ cluster: 'main', ...jobKey(`job-${randomBytes(8).toString('hex')}`) });

    test('one is made once, and taken away; neither minds to be asked again', async () => {
      const [one, other] = [job(), job()];
      await identities.make(one);
      await identities.make(one);
      await identities.make(other);
      expect(await count(one.name)).toBe(1);
      await identities.remove(one);
      await identities.remove(one);
      expect(await count(one.name)).toBe(0);
      expect(await count(other.name)).toBe(1);
      await identities.make(one);
      expect(await count(one.name)).toBe(1);
      for (const each of [one, other]) await identities.remove(each);
    });

    test('what nobody made is gone already', async () => {
      await identities.remove(job());
    });
  });
}
