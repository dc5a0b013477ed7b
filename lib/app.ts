/** All stacks of one configuration, and the rules that they are held to at synth. */
import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import type { Config } from '#core/config.ts';
import { ClusterStack } from './cluster-stack.ts';
import { ControlPlaneStack } from './control-plane-stack.ts';
import { DataStack } from './data-stack.ts';

export function makeStacks(app: App, config: Config): void {
  const data = new DataStack(app, 'GetSchwiftyData');
  const clusters = config.clusters.map(
    (cluster) =>
      new ClusterStack(app, `GetSchwiftyCluster-${cluster.name}`, {
        cluster,
        pager: data.pager.topic,
      }),
  );
  new ControlPlaneStack(app, 'GetSchwiftyControlPlane', { config, data, clusters });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
}
