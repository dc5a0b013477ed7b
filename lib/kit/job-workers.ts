/**
 * What workers of data jobs are in AWS: their image, and a role for each team. A role reads what its team's jobs may read: datasets, and the
 * secrets of databases. EKS Pod Identity tags each session with the namespace of its pod, which is the job's name: so a worker
 * reaches its own job's chunks, queue and results, and no other's. A job's association with it is made when the job begins. Source: Amazon EKS user guide, "List of session tags added by EKS Pod
 * Identity".
 */
import { Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, Role, ServicePrincipal, SessionTagsPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { workerAccount } from '#core/jobs/slots.ts';
import type { Team } from '#core/team.ts';
import { acknowledge } from './acknowledge.ts';
import type { BundledFunction } from './bundled-function.ts';
import { mayDecrypt } from './decrypting.ts';
import { type ImageRequests, PinnedImage } from './pinned-image.ts';
import { mayReadSecrets } from './team-databases.ts';
import { mayReadDatasets } from './team-datasets.ts';

/** Of the bucket: what jobs read, which is the same for all of them, and what they make. */
export const datasets = 'datasets/';
export const jobResults = 'jobs/';
/** What was found of CSV that was read over (core/jobs/job-files.ts). */
export const quotesFound = 'quotes/';
/** As cdk-nag names it: by its export. */
export const exportedBucket = 'GetSchwiftyData:ExportsOutputFnGetAttSourcesBE4D2488Arn58F0951E';
const job = tagOf('kubernetes-namespace');

function tagOf(name: string): string {
  return `\${aws:PrincipalTag/${name}}`;
}

/** Plans, manifests and results, which people read by links that a function signs. */
export function mayLinkJobFiles(reader: BundledFunction, bucket: Bucket): void {
  reader.allow(['s3:GetObject'], [bucket.arnForObjects(`${jobResults}*`)]);
  acknowledge(reader, {
    [`AwsSolutions-IAM5[Resource::${exportedBucket}/${jobResults}*]`]:
      'Each job has a folder of its own, made with it.',
  });
}

export interface JobWorkersProps {
  readonly table: Table;
  readonly bucket: Bucket;
  readonly images: ImageRequests;
  readonly clusterNames: readonly string[];
  readonly teams: Config['teams'];
}

export class JobWorkers extends Construct {
  readonly image: PinnedImage;
  readonly roles: readonly Role[];
  /** What the ARN of a team's role begins with; behind it is the team's name. */
  readonly rolesArn: string;
  /** For who starts jobs. */
  readonly outputs: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: JobWorkersProps) {
    super(scope, id);
    this.image = PinnedImage.ofWorker(this, 'Image', props.images);
    const stack = Stack.of(this);
    // With the region, for names of roles are the whole account's.
    const prefix = `getschwifty-jobs-${stack.region}-`;
    this.rolesArn = stack.formatArn({ service: 'iam', region: '', resource: 'role', resourceName: prefix });
    this.roles = props.teams.map((team) => this.#roleOf(team, `${prefix}${team.name}`, props));
    this.outputs = {
      JobWorkerRolesArn: this.rolesArn,
      JobWorkerImage: this.image.reference,
      JobBucketName: props.bucket.bucketName,
    };
  }

  #roleOf({ name, ...team }: Team, roleName: string, { table, bucket, clusterNames }: JobWorkersProps): Role {
    const eks = new ServicePrincipal('pods.eks.amazonaws.com').withConditions({
      StringEquals: {
        'aws:RequestTag/eks-cluster-name': [...clusterNames],
        'aws:RequestTag/kubernetes-service-account': workerAccount,
      },
      StringLike: { 'aws:RequestTag/kubernetes-namespace': 'job-*' },
    });
    const role = new Role(this, `Role-${name}`, {
      roleName,
      description: `Workers of data jobs of team ${name}: each reaches what is of its own job alone`,
      assumedBy: new SessionTagsPrincipal(eks),
    });
    const allow = (actions: readonly string[], resource: string, conditions = {}) =>
      role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [resource], conditions }));
    allow(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], table.tableArn, {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`CHUNK#${job}`] },
      // ForAllValues is also true of a request that has no key at all.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
    allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:SendMessage'],
      Stack.of(this).formatArn({ service: 'sqs', resource: `*${job}` }),
    );
    const own = `${datasets}${name}/*`;
    allow(['s3:GetObject'], bucket.arnForObjects(own));
    // Results: its own, to bring them together or to a table, and those of the team's job that it follows.
    allow(['s3:GetObject'], bucket.arnForObjects(`${jobResults}${name}/*`));
    allow(['s3:PutObject', 's3:AbortMultipartUpload'], bucket.arnForObjects(`${jobResults}${name}/${job}/*`));
    allow(['s3:ListBucketMultipartUploads'], bucket.bucketArn);
    mayReadDatasets(role, team.datasets);
    mayDecrypt(role, 's3', team.datasetKeys);
    mayReadSecrets(role, team.databases);
    const tag = '<aws:PrincipalTag/kubernetes-namespace>';
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:*${tag}]`]:
        "A job's queue is made with the job, and its name ends with the job's.",
      [`AwsSolutions-IAM5[Resource::${exportedBucket}/${own}]`]:
        'What a job reads was checked when it was asked for; its objects have no names before.',
      [`AwsSolutions-IAM5[Resource::${exportedBucket}/${jobResults}${name}/*]`]:
        'What one job of the team made, another reads: it is named when that one begins.',
      [`AwsSolutions-IAM5[Resource::${exportedBucket}/${jobResults}${name}/${tag}/*]`]:
        'Below the prefix of its own job: a key for each attempt.',
    });
    return role;
  }
}
