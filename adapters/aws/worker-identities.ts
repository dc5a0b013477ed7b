/**
 * Associations of EKS Pod Identity, one for each job. A cluster takes 5,000 of them (Amazon EKS service quotas, "Pod Identity
 * associations per cluster"): what is over that waits for other jobs to end.
 */
import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  EKSClient,
  ListPodIdentityAssociationsCommand,
  ResourceInUseException,
  ResourceLimitExceededException,
  ResourceNotFoundException,
} from '@aws-sdk/client-eks';
import { Retryable } from '#core/errors.ts';
import { workerAccount } from '#core/jobs/slots.ts';
import type { PlacedJob, WorkerIdentities } from '#core/jobs/worker-identities.ts';
import { retryable } from './errors.ts';

const accountOf = ({ cluster, name }: PlacedJob) => ({
  clusterName: cluster,
  namespace: name,
  serviceAccount: workerAccount,
});

export class EksWorkerIdentities implements WorkerIdentities {
  readonly #rolesArn: string;
  readonly #client: EKSClient;

  /** @param rolesArn what a team's role begins with: behind it is the team's name. */
  constructor(rolesArn: string, client: EKSClient = new EKSClient({})) {
    this.#rolesArn = rolesArn;
    this.#client = client;
  }

  async make(job: PlacedJob): Promise<void> {
    const roleArn = `${this.#rolesArn}${job.team}`;
    const command = new CreatePodIdentityAssociationCommand({ ...accountOf(job), roleArn });
    try {
      await retryable('CreatePodIdentityAssociation', () => this.#client.send(command));
    } catch (error) {
      if (error instanceof ResourceInUseException) return;
      if (error instanceof ResourceLimitExceededException)
        throw new Retryable(`Cluster ${job.cluster} has as many pod identities as it may: ${error.message}`);
      throw error;
    }
  }

  async remove(job: PlacedJob): Promise<void> {
    const list = new ListPodIdentityAssociationsCommand(accountOf(job));
    const { associations = [] } = await retryable('ListPodIdentityAssociations', () =>
      this.#client.send(list),
    );
    for (const { associationId } of associations) {
      const command = new DeletePodIdentityAssociationCommand({ clusterName: job.cluster, associationId });
      try {
        await retryable('DeletePodIdentityAssociation', () => this.#client.send(command));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    }
  }
}
