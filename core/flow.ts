/**
 * The flow: which events each stage takes, and which it tells. Start reading here.
 * The event rules of lib/ are made from this and docs/flow.md is drawn from it, so neither can say something else.
 */
import { type DomainEventType, eventSource } from './events.ts';

export type Stage =
  | 'request'
  | 'lifecycle'
  | 'build'
  | 'gate'
  | 'approval'
  | 'promote'
  | 'deploy'
  | 'watcher'
  | 'dns'
  | 'remove'
  | 'jobs'
  | 'job-slots'
  | 'job-starts'
  | 'schedule'
  | 'pager'
  | 'reconcile';

export interface Filter {
  readonly [field: string]: readonly unknown[] | Filter;
}

/** One event pattern of EventBridge. */
export interface Subscription {
  readonly source: string;
  readonly detailTypes: readonly string[];
  /** Content filters on the event's detail, field by field. */
  readonly detail?: Filter;
}

export interface FlowStage {
  readonly stage: Stage;
  /** What happens there, in one sentence. */
  readonly does: string;
  /** Who breaks when it does not run: the text of its alarm. */
  readonly impact: string;
  readonly on: readonly Subscription[];
  /** What else starts it: a request of a person, or the clock. */
  readonly also?: string;
  /** A stage that it asks for a look, straight by that stage's queue. */
  readonly asks?: Stage;
  readonly tells: readonly DomainEventType[];
}

const ours = (...detailTypes: DomainEventType[]): Subscription => ({ source: eventSource, detailTypes });
/** Of the bucket of jobs, whose name is known when it is deployed. */
const uploadsBelow = 'datasets/';
const candidates = { 'repository-name': [{ prefix: 'candidate/' }] };

export const flow: readonly FlowStage[] = [
  {
    stage: 'request',
    does: 'A person asks for an environment; it is held against catalog and team, and stored.',
    impact: 'Nobody can ask for environments.',
    on: [],
    also: "POST /environments, and a team that accepts another's",
    tells: ['EnvironmentRequested'],
  },
  {
    stage: 'lifecycle',
    does: 'A person changes, rebuilds, stops, starts, extends or deletes an environment, or offers it to another team.',
    impact: 'Nobody can change, stop or delete environments.',
    on: [],
    also: 'PUT and DELETE /environments/{team}/{name}, and POST to its builds, stop, start, extension and transfer',
    tells: ['EnvironmentChanged', 'EnvironmentDeleted', 'IncidentRecovered'],
  },
  {
    stage: 'build',
    does: 'The repositories are made; the Dockerfile of the spec, with the fixes asked for, is built and pushed to the candidate one. What was released of the same content is taken again instead.',
    impact: 'New and fixed images are not built.',
    on: [
      ours('EnvironmentRequested', 'EnvironmentChanged', 'RemediationRequested'),
      {
        source: 'aws.codebuild',
        detailTypes: ['CodeBuild Build State Change'],
        detail: { 'build-status': ['SUCCEEDED', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT'] },
      },
    ],
    tells: ['ImageTaken'],
  },
  {
    stage: 'gate',
    does: 'A pushed image is scanned; all findings, the policy and its waivers make the verdict, and so for what runs.',
    impact: 'Pushed images get no verdict and wait.',
    on: [
      {
        source: 'aws.ecr',
        detailTypes: ['ECR Image Action'],
        detail: { 'action-type': ['PUSH'], result: ['SUCCESS'], ...candidates },
      },
      { source: 'aws.ecr', detailTypes: ['ECR Image Scan'], detail: candidates },
      {
        source: 'aws.inspector2',
        detailTypes: ['Inspector2 Scan'],
        detail: { 'repository-name': [{ wildcard: 'arn:*:repository/candidate/*' }] },
      },
    ],
    tells: ['ImagePassed', 'ImageBlocked', 'RemediationRequested', 'IncidentOpened', 'IncidentRecovered'],
  },
  {
    stage: 'approval',
    does: 'A person who may approves the digest, or is told why not.',
    impact: 'Nobody can approve images.',
    on: [],
    also: 'POST /environments/{team}/{name}/approvals',
    tells: ['ImageApproved'],
  },
  {
    stage: 'promote',
    does: 'The findings are read and judged again; the digest is copied to the release repository.',
    impact: 'Approved images are not released.',
    on: [ours('ImageApproved', 'ImageTaken')],
    tells: ['ImagePromoted', 'PromotionRefused', 'RemediationRequested'],
  },
  {
    stage: 'deploy',
    does: "The cluster is brought to the environment's objects and looked at until it is Ready, and ever after.",
    impact: 'Released images do not reach the cluster, and nobody sees whether what runs is healthy.',
    on: [ours('ImagePromoted', 'EnvironmentChanged', 'EnvironmentDeleted')],
    also: 'what the watcher sees, its own later looks, and reconcile',
    tells: ['EnvironmentReady', 'IncidentOpened', 'IncidentRecovered'],
  },
  {
    stage: 'watcher',
    does: 'A pod in each cluster tells the deployer which environments changed, as soon as Kubernetes says so.',
    impact:
      'What happens in the cluster is found by looking once a minute: the pager rings a minute or two late.',
    on: [],
    also: 'what Kubernetes says of pods, deployments and services',
    asks: 'deploy',
    tells: [],
  },
  {
    stage: 'dns',
    does: "The environment's name is pointed at its load balancer, and taken away with it; the zone is swept of names that nobody has.",
    impact: 'New environments have no name, moved ones an old address.',
    on: [ours('EnvironmentReady', 'EnvironmentDeleted')],
    also: 'its own later looks, and reconcile, which has the zone swept once an hour',
    tells: [],
  },
  {
    stage: 'remove',
    does: 'The repositories of an environment that was deleted are deleted, with all their images.',
    impact: 'Deleted environments stay in the registry, and cost.',
    on: [ours('EnvironmentDeleted')],
    also: 'its own later looks, and reconcile',
    tells: [],
  },
  {
    stage: 'jobs',
    does: "A data job's input is listed, or cut by a worker where it is a table, and its chunks are sent to its queue; workers are wanted as long as there is work, one brings the results together where that is asked for, and at its end there is a manifest.",
    impact: "Nobody's data job goes on.",
    on: [ours('JobSlotsSeen')],
    also: 'POST /jobs, and what else people ask of a job, its own later looks, and reconcile',
    asks: 'job-slots',
    tells: ['JobSlotsWanted'],
  },
  {
    stage: 'job-slots',
    does: "The cluster is brought to the workers that a data job wants, one Kubernetes Job each; the namespace goes at the job's end.",
    impact: 'Data jobs get no workers; those that are there go on.',
    on: [ours('JobSlotsWanted')],
    also: 'its own later looks',
    tells: ['JobSlotsSeen'],
  },
  {
    stage: 'job-starts',
    does: 'A standing job starts a data job when its time comes, when an object is uploaded, or when the job that it follows has succeeded; what came of each cause is told in its runs.',
    impact: 'No schedule, no upload and no end of a job starts another one; those that run go on.',
    on: [
      {
        source: 'aws.s3',
        detailTypes: ['Object Created'],
        detail: { object: { key: [{ prefix: uploadsBelow }] } },
      },
    ],
    also: 'its own later looks, the ends of jobs, what people ask for, and reconcile',
    tells: [],
  },
  {
    stage: 'schedule',
    does: 'An environment is started and stopped by its working hours; people are told that its ttl ends, and then it is deleted; so is one that another team accepted, once the new one is Ready; what has a volume is stopped before that.',
    impact: 'Nothing starts, stops or ends by itself: people wait for environments, and pay for others.',
    on: [],
    also: 'its own later looks, and reconcile',
    tells: ['EnvironmentChanged', 'EnvironmentDeleted', 'IncidentOpened', 'IncidentRecovered'],
  },
  {
    stage: 'pager',
    does: 'People on call are told of an incident, and of its end.',
    impact: 'INCIDENTS REACH NOBODY.',
    on: [ours('IncidentOpened', 'IncidentRecovered')],
    also: 'its own later looks, and reconcile',
    tells: [],
  },
  {
    stage: 'reconcile',
    does: 'Whatever is due is looked at again, and what was not told is told: a lost event costs time, nothing else. Of an upload alone nobody else knows (docs/adr/0041).',
    impact: 'Lost events are not made good, and healthy environments are not watched.',
    on: [],
    also: 'every minute',
    tells: [],
  },
];

/** The subscriptions of one stage. */
export const subscriptionsOf = (stage: Stage): readonly Subscription[] =>
  flow.find((entry) => entry.stage === stage)?.on ?? [];

export const impactOf = (stage: Stage): string => flow.find((entry) => entry.stage === stage)?.impact ?? '';
