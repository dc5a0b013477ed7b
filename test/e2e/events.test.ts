/**
 * Each event of core/flow.ts, lost, doubled and late on its way to each stage that takes it: its environment comes to the
 * same end, nothing is done twice, and the pager tells nothing twice. One environment for each of them and each fault, all at once.
 */
import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteRepositoryCommand,
  ECRClient,
  PutRegistryScanningConfigurationCommand,
  RepositoryNotFoundException,
} from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { partition, state } from '#adapters/aws/items.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { flow, type Stage } from '#core/flow.ts';
import { repositoryOf } from '#core/image.ts';
import { EnvironmentKey, environmentId, namespaceOf } from '#core/names.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { notices, until } from '#local/demo/world.ts';
import { setUpRegistry } from '#local/setup/account.ts';
import { attempt } from '#local/setup/run.ts';
import { access, cloud, output } from './cloud.ts';
import { befall, befallen, type EventFault, noMoreFaults } from './faults.ts';
import { makeRepositories, plays, table } from './plays.ts';

/** Longer than every patience and the minute of reconcile together: the event comes when its work was done without it. */
const lateSeconds = 200;
/** A message that failed, or whose function was killed, comes again after six times the function's time-out. */
const againSeconds = 6 * 60 + 60;
const faults = ['drop', 'double', 'delay'] as const;
/** To each stage that takes it. An upload is of no environment: standing-job.test.ts doubles it. */
const events = flow.flatMap(({ stage, on }) =>
  on
    .filter(({ source }) => source !== 'aws.s3')
    .flatMap(({ source, detailTypes }) => detailTypes.map((detailType) => ({ stage, source, detailType }))),
);
const run = Date.now().toString(36).slice(-5);
/** A job's is of another grammar: its number and its fault are the last of sixteen digits. */
const nameOf = (detailType: string, number: number, fault: (typeof faults)[number]): string =>
  detailType.startsWith('JobSlots')
    ? `job-${Date.now().toString(16).padStart(13, '0')}${number.toString(16).padStart(2, '0')}${faults.indexOf(fault)}`
    : `e${number}-${fault}-x${run}`;
const cases = events.flatMap((event, number) =>
  faults.map((fault) => ({
    ...event,
    fault,
    title: `${event.detailType} → ${event.stage}`,
    key: EnvironmentKey.parse({ team: 'checkout', name: nameOf(event.detailType, number, fault) }),
  })),
);
type Case = (typeof cases)[number];

const ecr = new ECRClient(access.sdk);
const dynamo = new DynamoDBClient(access.sdk);
const runs = new Map<string, Promise<unknown>>();

describe('every event, lost, doubled and late', () => {
  beforeAll(async () => {
    const approver = await signIn(access, 'bob');
    await Promise.all(cases.map(({ key }) => makeRepositories(key)));
    // What a scan tells, and how, is settled when its image is pushed.
    await basicScanning();
    const basic = cases.filter(({ detailType }) => detailType === 'ECR Image Scan');
    start(basic, approver);
    await Promise.all(basic.map(({ key }) => isPushed(key)));
    await setUpRegistry(cloud);
    start(
      cases.filter((each) => !basic.includes(each)),
      approver,
    );
  });
  afterAll(noMoreFaults);

  it('has a way for each event that a stage takes', () => {
    expect(Object.keys(plays).sort()).toEqual([...new Set(cases.map(({ title }) => title))].sort());
  });

  it.each(cases)(
    '$title: $fault',
    async (each) => {
      const { key, fault } = each;
      onTestFinished(() => forget(key));
      await runs.get(key.name);
      const delivered = { drop: 0, double: 2, delay: 1 }[fault];
      let seen = await befallen(key.name);
      const handled = async () => {
        seen = await befallen(key.name);
        return (seen.taken === 1 && seen.delivered === delivered && seen.waiting === 0) || undefined;
      };
      const patience = lateSeconds + againSeconds;
      await until(`the fault of ${title(each)}`, patience, handled, () => JSON.stringify(seen));
      const audit = (await table.audit(key, 100)).map(({ what }) => what);
      // What was taken again was promoted before it was asked for again: that is a story of its own.
      const history = audit.slice(audit.findLastIndex((what) => what.startsWith('asked for ')));
      expect(history.length).toBeGreaterThan(1);
      expect(history, 'nothing is done twice').toEqual([...new Set(history)]);
      expect((await notices(cloud, environmentId(key))).map((notice) => notice.state)).toEqual(
        each.title.includes('Incident') ? ['open', 'recovered'] : [],
      );
    },
    1_500_000,
  );
});

const title = ({ title, fault }: Case) => `${title}: ${fault}`;

/** The name of its queue: of those that each cluster has for itself, the one of `main`. */
function inboxOf(stage: Stage): string {
  const outputs = { deploy: 'DeployMain', 'job-slots': 'JobSlotsMain' };
  const known = new Map(Object.entries(outputs)).get(stage);
  const url = output(`${known ?? stage.replace(/^./, (first) => first.toUpperCase())}QueueUrl`);
  return url.slice(url.lastIndexOf('/') + 1);
}

function start(some: readonly Case[], approver: Person): void {
  for (const each of some) {
    const { source, detailType, fault, key } = each;
    const queue = inboxOf(each.stage);
    const rule: EventFault = { source, detailType, fault, holds: key.name, seconds: lateSeconds, queue };
    const played = befall(rule).then(() => plays[each.title]?.(key, approver));
    // Each test waits for its own; until then a failure is nobody's.
    played.catch(() => undefined);
    runs.set(key.name, played);
  }
}

async function basicScanning(): Promise<void> {
  const repositoryFilters = [{ filter: 'candidate/*', filterType: 'WILDCARD' as const }];
  const rules = [{ scanFrequency: 'SCAN_ON_PUSH' as const, repositoryFilters }];
  await ecr.send(new PutRegistryScanningConfigurationCommand({ scanType: 'BASIC', rules }));
}

const scanner = new EcrScanner(ecr);
const isPushed = (key: EnvironmentKey) =>
  until('the push', 60, () => scanner.imageByTag(repositoryOf('candidate', key), 'by-hand'));

/** Its looks would go on for ever. */
async function forget(key: EnvironmentKey): Promise<void> {
  await dynamo.send(
    new DeleteItemCommand({
      TableName: output('TableName'),
      Key: { pk: { S: partition('ENV', key) }, sk: { S: state } },
    }),
  );
  for (const kind of ['candidate', 'cache', 'release'] as const)
    await ecr
      .send(new DeleteRepositoryCommand({ repositoryName: repositoryOf(kind, key), force: true }))
      .catch((error: unknown) => {
        // With its environment.
        if (!(error instanceof RepositoryNotFoundException)) throw error;
      });
  const { kubectl, kubeconfig } = cloud.kubernetes;
  const names = ['delete', 'namespace', namespaceOf(key), '--ignore-not-found', '--wait=false'];
  await attempt(kubectl, ['--kubeconfig', kubeconfig, ...names]);
}
