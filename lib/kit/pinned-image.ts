/**
 * An image that is built when the stack is deployed, and referred to by its digest. CDK publishes image assets under a
 * tag; a function of ours asks the registry, once in a deployment, which digest that is. CloudFormation invokes it
 * asynchronously: requests that it can't take in three attempts are in a DLQ, one for all images of a stack.
 */
import { join } from 'node:path';
import { CustomResource, Duration } from 'aws-cdk-lib';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Env } from '#lambdas/image-digest/env.ts';
import { acknowledge } from './acknowledge.ts';
import { choicesOf } from './context.ts';
import { DeadLetters } from './dead-letters.ts';
import { StageFunction } from './stage-function.ts';

const name = 'image-digest';
const impact = 'The deployment fails: watchers, access services and workers of jobs stay as they were.';

export class ImageRequests extends Construct {
  readonly deadLetters: DeadLetters;
  readonly pager: ITopic;

  constructor(scope: Construct, id: string, { pager }: { readonly pager: ITopic }) {
    super(scope, id);
    this.pager = pager;
    this.deadLetters = new DeadLetters(this, 'DeadLetters', { of: name, impact, pager });
  }
}

interface PinnedImageProps {
  readonly requests: ImageRequests;
  /** With a Dockerfile. */
  readonly directory: string;
  readonly buildArgs: Readonly<Record<string, string>>;
}

export class PinnedImage extends Construct {
  /** `<repository URI>@<digest>`. */
  readonly reference: string;
  /** As Kubernetes calls it. */
  readonly architecture: 'amd64' | 'arm64';

  /** What runs in each cluster and tells its deployer what changes there. */
  static ofWatcher(scope: Construct, id: string, requests: ImageRequests): PinnedImage {
    const { bundles, watcherBase } = choicesOf(scope);
    return new PinnedImage(scope, id, {
      requests,
      directory: join(bundles, 'watcher'),
      buildArgs: { BASE: watcherBase },
    });
  }

  /** What gives environments SSH: OpenSSH, the gate before it, and the service that gates ask. */
  static ofAccess(scope: Construct, id: string, requests: ImageRequests): PinnedImage {
    const { bundles, watcherBase, debianBase } = choicesOf(scope);
    return new PinnedImage(scope, id, {
      requests,
      directory: join(bundles, 'access'),
      buildArgs: { BASE: watcherBase, DEBIAN: debianBase },
    });
  }

  /** A worker of data jobs, and the shim beside their commands. */
  static ofWorker(scope: Construct, id: string, requests: ImageRequests): PinnedImage {
    const { bundles, watcherBase, debianBase } = choicesOf(scope);
    return new PinnedImage(scope, id, {
      requests,
      directory: join(bundles, 'worker'),
      buildArgs: { BASE: watcherBase, DEBIAN: debianBase },
    });
  }

  constructor(scope: Construct, id: string, { requests, directory, buildArgs }: PinnedImageProps) {
    super(scope, id);
    this.architecture = choicesOf(this).architecture;
    const asset = new DockerImageAsset(this, 'Asset', {
      directory,
      buildArgs: { ...buildArgs },
      platform: this.architecture === 'arm64' ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
    });
    const resolver = new StageFunction(this, 'Function', {
      name,
      description: "Turns an image asset's tag into its digest",
      env: Env,
      environment: {},
      timeout: Duration.minutes(1),
      failures: requests.deadLetters.queue,
      impact,
      pager: requests.pager,
    });
    resolver.allow(['ecr:DescribeImages'], [asset.repository.repositoryArn]);
    const digest = new CustomResource(this, 'Digest', {
      resourceType: 'Custom::ImageDigest',
      serviceToken: resolver.lambda.functionArn,
      serviceTimeout: Duration.minutes(2),
      properties: { Repository: asset.repository.repositoryName, Tag: asset.imageTag },
    });
    // Its permissions too, not the function alone.
    digest.node.addDependency(resolver);
    acknowledge(digest, {
      'cfn-lint W3005': 'It waits for all of the function, its permissions too, and so for the function.',
    });
    this.reference = `${asset.repository.repositoryUri}@${digest.getAttString('Digest')}`;
  }
}
