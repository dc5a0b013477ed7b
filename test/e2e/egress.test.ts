/** A build runs strangers' code: it reaches what packages come from, and nobody else, by whatever way it tries. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import { CloudWatchBuildLogs } from '#adapters/aws/build-logs.ts';
import { until } from '#local/demo/world.ts';
import { buildOptions } from '../contracts/build-options.ts';
import { keyOf } from '../contracts/samples.ts';
import { access, cloud } from './cloud.ts';
import { build, builder } from './strangers-build.ts';

const run = Date.now().toString(36);
const { logGroup } = await buildOptions(access);
const logs = new CloudWatchBuildLogs(logGroup, () => new CloudWatchLogsClient(access.sdk));

async function built(name: string, instructions: readonly string[]) {
  const key = keyOf('checkout', `${name}-${run}`);
  const id = await build(key, instructions);
  const { failure } = await until('the end of the build', 300, async () => {
    const status = await builder.status(id);
    return status.ended ? status : undefined;
  });
  const page = await logs.read({ key, number: 1, cursor: undefined });
  return { failure, log: (page?.lines ?? []).map(({ text }) => text).join('\n') };
}

/** By Python, which every base here has: `name: reached` where it got an answer. */
const attempt = (name: string, code: string): string =>
  `RUN python3 -c '${code}' > /dev/null 2>&1 && echo "${name}: reached" || echo "${name}: not reached"`;
/** Whose certificates this machine trusts is nothing that a base knows. */
const get = (url: string, direct = false): string => {
  const handlers = `r.HTTPSHandler(context=ssl._create_unverified_context())${direct ? ', r.ProxyHandler({})' : ''}`;
  return `import ssl, urllib.request as r; r.build_opener(${handlers}).open("${url}", timeout=10)`;
};
const dial = (host: string, port: number): string =>
  `import socket; socket.create_connection(("${host}", ${port}), 5)`;

test('what is on the list is reached, and nothing else is, with the proxy or past it', async () => {
  const { hostname, port } = new URL(cloud.services);
  const { failure, log } = await built('egress', [
    attempt('index', get('https://pypi.org/simple/six/')),
    attempt('elsewhere', get('https://example.com/')),
    attempt('plain elsewhere', get('http://example.com/')),
    attempt('past the proxy', get('https://pypi.org/simple/six/', true)),
    attempt('an address', get('https://1.1.1.1/')),
    attempt('name service', 'import socket; socket.getaddrinfo("pypi.org", 443)'),
    attempt('a service of this machine', dial(hostname, Number(port))),
    attempt('credentials', get('http://169.254.169.254/latest/meta-data/')),
  ]);
  expect(failure, log).toBeUndefined();
  const said = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(log)?.[1];
  expect(said('index'), log).toBe('reached');
  for (const name of [
    'elsewhere',
    'plain elsewhere',
    'past the proxy',
    'an address',
    'name service',
    'a service of this machine',
    'credentials',
  ])
    expect(said(name), name).toBe('not reached');
  expect(log).toContain(
    '[egress] example.com:443: builds may not reach example.com:443: builds.egress.allow',
  );
});
