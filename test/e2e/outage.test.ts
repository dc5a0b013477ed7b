/** Processes that are killed or stand still while an environment is rolled out, and a watcher that falls silent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import {
  GetQueueAttributesCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Released } from '#core/environment.ts';
import * as z from '#core/zod.ts';
import { adminAuthorization } from '#local/aws/emulator.ts';
import { notices, until } from '#local/demo/world.ts';
import { access, cloud, output } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { apiServer, workersOf } from './processes.ts';
import { forget, Story, served, table } from './releases.ts';

const sqs = new SQSClient(access.sdk);

describe('a watcher that is silent', () => {
  const namespace = 'getschwifty-system';
  const alarms = new CloudWatchClient(access.sdk);
  const scale = (replicas: number) =>
    kubectl('--namespace', namespace, 'scale', 'deployment/watcher', `--replicas=${replicas}`);
  const hurry = async (alarm: string, speed: number) => {
    const answer = await fetch(`${cloud.aws}/_local/clock/alarms`, {
      method: 'POST',
      headers: { authorization: adminAuthorization },
      body: JSON.stringify({ alarm, speed }),
    });
    expect(await answer.json()).toEqual({ alarm, speed });
  };
  const silent = async () => {
    const { MetricAlarms = [] } = await alarms.send(new DescribeAlarmsCommand({ MaxRecords: 100 }));
    const [found, ...others] = MetricAlarms.filter(({ AlarmName }) =>
      AlarmName?.includes('WatchermainSilent'),
    );
    if (found?.AlarmName === undefined || others.length > 0) throw new Error('not one alarm of silence');
    return { name: found.AlarmName, state: found.StateValue };
  };
  const stateIs = (state: string) =>
    until(`the alarm to be ${state}`, 150, async () => (await silent()).state === state || undefined);
  const Page = z.object({ AlarmName: z.string(), NewStateValue: z.string(), AlarmDescription: z.string() });
  const pages = async (name: string) => {
    const answer = await fetch(`${cloud.services}/pager`);
    const told = z.array(z.object({ message: z.string() })).parse(await answer.json());
    return told
      .map(({ message }) => Page.safeParse(JSON.parse(message)).data)
      .filter((page) => page?.AlarmName === name);
  };

  it('rings at the pager, and is over when it is heard again', async () => {
    const { name } = await silent();
    await stateIs('OK');
    const before = (await pages(name)).length;
    const since = async (state: string) =>
      until(`the pager to be told of ${state}`, 60, async () =>
        (await pages(name)).slice(before).find((page) => page?.NewStateValue === state),
      );
    try {
      await scale(0);
      // Five minutes in 75 seconds, and not fewer: a watcher that is well is heard once in sixty.
      await hurry(name, 4);
      await stateIs('ALARM');
      expect((await since('ALARM')).AlarmDescription).toMatch(
        /has said nothing for five minutes\..*Runbook: docs\/runbooks\/watcher\.md/,
      );
      await scale(1);
      await stateIs('OK');
      await since('OK');
    } finally {
      await scale(1);
      await hurry(name, 1);
    }
    await kubectl('--namespace', namespace, 'rollout', 'status', 'deployment/watcher', '--timeout=60s');
  });
});

describe('a rollout', () => {
  const QueueUrl = output('DeployMainQueueUrl');
  const functionName = output('DeployMainFunctionName');
  const story = new Story('outage', { readyWithinSeconds: 180 });
  let restored: string | undefined;
  let refused = 0;

  /** The stack's is six minutes: nothing else is shorter than there. */
  const visible = (VisibilityTimeout: string) =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } }));
  const attribute = async (url: string, name: 'VisibilityTimeout' | 'ApproximateNumberOfMessages') => {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [name] });
    return (await sqs.send(command)).Attributes?.[name] ?? '';
  };
  const dead = async () => Number(await attribute(output('DeployMainDlqUrl'), 'ApproximateNumberOfMessages'));

  beforeAll(async () => {
    restored = await attribute(QueueUrl, 'VisibilityTimeout');
    refused = await dead();
    await story.begin();
    await visible('15');
  });
  afterAll(async () => {
    if (restored !== undefined) await visible(restored);
    await forget();
  });

  /** Asks the deployer for a look; the answer is the message's id. */
  const look = async (): Promise<string> => {
    const detail = { environment: story.key, cluster: 'main', at: new Date().toISOString() };
    const { digest } = await released(served);
    const message = {
      id: 'e2e',
      source: 'getschwifty',
      'detail-type': 'ImagePromoted',
      detail: { ...detail, digest },
    };
    const { MessageId = '' } = await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }),
    );
    return MessageId;
  };
  const released = async (command: string): Promise<Released> => story.approved(await story.image(command));
  const failureOf = (id: string) => until('the failure to be kept', 60, () => table.failure(id));
  /** What functions wrote of a message that they handled: the local cloud keeps it in the emulator's own log. */
  const handled = (id: string) =>
    until(`message ${id} to be handled`, 90, async () => {
      const lines = readFileSync(join(cloud.logs, 'emulator.log'), 'utf8').split('\n');
      const found = lines.filter((line) => line.includes(id) && line.includes('"message":"looked"'));
      return found.length > 0 ? found : undefined;
    });
  /** It runs once, under one revision, and nobody was told of anything. */
  const expectOnce = async ({ digest }: Released) => {
    const { release } = await story.reaches('ready', digest);
    expect(release).not.toHaveProperty('failed');
    const images = await story.kubectl('get', 'replicasets', '--output', 'jsonpath={..containers[0].image}');
    expect(images.split(' ').filter((image) => image.endsWith(digest))).toHaveLength(1);
    expect(await notices(cloud, story.id)).toEqual([]);
    expect(await dead()).toBe(refused);
  };

  it('whose API server is killed and stays down: tried again, and Ready when it is back', async () => {
    const slow = await released(`sleep 10; ${served}`);
    await story.promote(slow);
    await until('the objects to be applied', 60, async () =>
      (await story.kubectl('get', 'deployments', '--output', 'name')) === '' ? undefined : true,
    );
    const { pid, supervisor } = apiServer();
    let id = '';
    process.kill(supervisor, 'SIGSTOP');
    try {
      process.kill(pid, 'SIGKILL');
      id = await look();
      expect(await failureOf(id)).toMatchObject({
        stage: 'deploy',
        reason: expect.stringContaining('ECONNREFUSED'),
      });
      expect((await story.environment()).release).toMatchObject({ phase: 'deploying', digest: slow.digest });
    } finally {
      process.kill(supervisor, 'SIGCONT');
      await until('the API server', 60, () => kubectl('get', '--raw', '/readyz').catch(() => undefined));
    }
    expect(apiServer().pid).not.toBe(pid);
    await handled(id);
    await expectOnce(slow);
  });

  it('whose API server does not answer: given up after ten seconds, tried again, and Ready', async () => {
    const { pid } = apiServer();
    const next = await released(`echo next; ${served}`);
    let id = '';
    process.kill(pid, 'SIGSTOP');
    try {
      await story.promote(next);
      id = await look();
      expect(await failureOf(id)).toMatchObject({ reason: expect.stringContaining('no answer in 10 s') });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await handled(id);
    await expectOnce(next);
  });

  it('whose deployer is killed while it works: the message comes again, and the end is the same', async () => {
    const { pid } = apiServer();
    const last = await released(`echo last; ${served}`);
    let id = '';
    // Nothing ends while the API server stands still: what is killed was at work.
    process.kill(pid, 'SIGSTOP');
    try {
      await story.promote(last);
      id = await look();
      await until('the work to begin', 30, async () => (await begun()) || undefined);
      const killed = workersOf(functionName);
      expect(killed).not.toEqual([]);
      for (const worker of killed) process.kill(worker, 'SIGKILL');
      expect(await table.failure(id)).toBeUndefined();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const lines = await handled(id);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/"attempt":"[2-5]"/);
    await expectOnce(last);
  });

  /** All that was sent has been taken: no handler can have ended since. */
  const begun = async () => {
    const waiting = await attribute(QueueUrl, 'ApproximateNumberOfMessages');
    return waiting === '0' && workersOf(functionName).length > 0;
  };
});
