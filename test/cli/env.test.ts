/** The verbs for environments, images, teams and the catalog: what they ask the API, and what they say before they ask. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOf, start, verdict } from '../contracts/samples.ts';
import { type Api, environmentAnswer as answer, apiOnThisMachine, schwifty } from './program.ts';

const digest = digestOf('image');
const spec = { base: 'debian-12', command: ['python3', 'app.py'] };
let api: Api;
let folder: string;
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'schwifty-'));
  api = await apiOnThisMachine();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await api.close();
});
beforeEach(() => api.reset(200, answer));
const lines = () => api.asked.map(({ line }) => line.replace('/stage', ''));
const bodies = () => api.asked.filter(({ body }) => body).map(({ body }): unknown => JSON.parse(body));

test.each([
  ['YAML', 'base: debian-12\ncommand: [python3, app.py]\nreplicas: 2\n'],
  ['JSON', JSON.stringify({ ...spec, replicas: 2 })],
])('create sends a spec of %s, under a key of its own', async (kind, text) => {
  const run = await schwifty(api, ['env', 'create', 'checkout/web', '--spec', file(`spec.${kind}`, text)]);
  expect(run).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringContaining('checkout/web in cluster main'),
  });
  expect(lines()).toEqual(['POST /environments']);
  expect(bodies()).toMatchObject([
    { team: 'checkout', name: 'web', spec: { ...spec, replicas: { min: 2, max: 2 } } },
  ]);
  expect(api.asked[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
});

test.each(['plan', 'create', 'create --dry-run'])(
  '%s takes a port in the place of that of the spec, and a cluster',
  async (verb) => {
    api.reset(200, verb === 'create' ? answer : { ...plan, cost });
    const path = file('p.json', JSON.stringify({ ...spec, port: 7000 }));
    const [name = '', ...more] = verb.split(' ');
    const options = ['--spec', path, '--port', '8080', '--cluster', 'second'];
    expect(await schwifty(api, ['env', name, 'checkout/web', ...options, ...more])).toMatchObject({
      code: 0,
    });
    expect(bodies()).toMatchObject([{ cluster: 'second', spec: { ...spec, port: 8080 } }]);
  },
);

test('change takes a port too; what is none is said before it is sent', async () => {
  const path = file('q.json', JSON.stringify(spec));
  await schwifty(api, ['env', 'change', 'checkout/web', '--spec', path, '--port', '8080']);
  expect(bodies()).toMatchObject([{ spec: { port: 8080 } }]);
  const before = api.asked.length;
  for (const port of ['80', 'http', '70000', '8080.5']) {
    const { code, err } = await schwifty(api, [
      'env',
      'create',
      'checkout/web',
      '--spec',
      path,
      '--port',
      port,
    ]);
    expect([code, err]).toEqual([1, expect.stringContaining('spec.port')]);
  }
  expect(api.asked).toHaveLength(before);
});

test('health says what the API says, and fails where it is not there', async () => {
  api.reset(200, { status: 'ok' });
  expect(await schwifty(api, ['health'])).toEqual({ code: 0, out: 'The API says ok.\n', err: '' });
  expect(lines()).toEqual(['GET /health']);
  api.reset(404, { type: 'about:blank', title: 'Not found', status: 404, detail: 'There is no such route.' });
  expect(await schwifty(api, ['health'])).toMatchObject({ code: 2 });
});

test('what is wrong with a spec is said before it is sent, field by field', async () => {
  const wrong = file('wrong.yaml', 'base: debian-12\ncommand: []\nresources: { cpu: -1 }\ncolour: green\n');
  const { code, err } = await schwifty(api, ['env', 'create', 'checkout/web', '--spec', wrong]);
  expect(code).toBe(1);
  for (const field of ['spec.command', 'spec.resources.cpu', 'colour']) expect(err).toContain(field);
  for (const [args, says] of [
    [['checkout', '--spec', wrong], 'checkout is no environment: write team/name.'],
    [['checkout/web', '--spec', join(folder, 'none')], "can't be read as YAML or JSON: ENOENT"],
    [['checkout/web', '--spec', file('broken', '{"base": ')], "can't be read as YAML or JSON"],
    [['checkout/web'], "required option '--spec <file>' not specified"],
  ] as const)
    expect((await schwifty(api, ['env', 'create', ...args])).err).toContain(says);
  expect(lines()).toEqual([]);
});

test('reject sends the newest digest, the reason, and the version that was read', async () => {
  const run = await schwifty(api, ['image', 'reject', 'checkout/web', '--reason', 'its licence']);
  expect(run).toMatchObject({ code: 0, err: '' });
  expect(lines().at(-1)).toBe('POST /environments/checkout/web/rejections');
  expect(bodies()).toEqual([{ digest, reason: 'its licence' }]);
  expect(api.asked.at(-1)?.ifMatch).toBe('"1"');
});

test('what somebody else changed meanwhile is read and sent again; after five times it is said', async () => {
  const late = {
    type: 'about:blank',
    title: 'Changed meanwhile',
    status: 412,
    detail: 'Read it and try again.',
  };
  api.reply = (line) =>
    line.startsWith('POST')
      ? { status: 412, body: JSON.stringify(late) }
      : { status: 200, body: JSON.stringify(answer) };
  const { code, err } = await schwifty(api, ['image', 'approve', 'checkout/web', '--digest', digest]);
  expect([code, err]).toEqual([2, 'Changed meanwhile (412): Read it and try again.\n']);
  expect(lines().filter((line) => line.startsWith('POST'))).toHaveLength(5);
});

test('a request that got no answer is sent again under its key', async () => {
  let times = 0;
  api.reply = () =>
    times++ < 2 ? { status: 503, body: '{"message":"x"}' } : { status: 200, body: JSON.stringify(answer) };
  const run = await schwifty(api, [
    'env',
    'create',
    'checkout/web',
    '--spec',
    file('s.json', JSON.stringify(spec)),
  ]);
  expect(run.code).toBe(0);
  expect(new Set(api.asked.map(({ key }) => key)).size).toBe(1);
  expect(api.asked).toHaveLength(3);
});

test.each([
  [['stop'], 'POST /environments/checkout/web/stop', []],
  [['start'], 'POST /environments/checkout/web/start', []],
  [['extend'], 'POST /environments/checkout/web/extension', [{}]],
  [['extend', '--ttl', '8h'], 'POST /environments/checkout/web/extension', [{ ttl: '8h' }]],
  [['delete'], 'DELETE /environments/checkout/web', []],
  [['rebuild'], 'POST /environments/checkout/web/builds', [{ useCache: false }]],
  [['rebuild', '--cache'], 'POST /environments/checkout/web/builds', [{ useCache: true }]],
])('env %j reads the version and sends it with the request', async ([verb = '', ...options], line, sent) => {
  expect((await schwifty(api, ['env', verb, 'checkout/web', ...options])).code).toBe(0);
  expect(lines()).toEqual(['GET /environments/checkout/web', line]);
  expect(api.asked[1]?.ifMatch).toBe('"1"');
  expect(bodies()).toEqual(sent);
});

test('change sends the whole spec; a version that is named is not read, and not tried again', async () => {
  const path = file('c.json', JSON.stringify(spec));
  await schwifty(api, ['env', 'change', 'checkout/web', '--spec', path]);
  expect(lines()).toEqual(['GET /environments/checkout/web', 'PUT /environments/checkout/web']);
  api.reset(412, { type: 'about:blank', title: 'Changed meanwhile', status: 412, detail: 'Read it.' });
  const late = await schwifty(api, ['env', 'change', 'checkout/web', '--spec', path, '--version', '7']);
  expect([late.code, api.asked.length, api.asked[0]?.ifMatch]).toEqual([2, 1, '"7"']);
  const wrong = await schwifty(api, ['env', 'change', 'checkout/web', '--spec', path, '--version', 'new']);
  expect(wrong.err).toMatch(/^new is no version/);
});

const plan = { steps: ['one'], dockerfile: 'FROM x\n', objects: [{ kind: 'Service' }] };
const cost = {
  currency: 'USD',
  perHour: { least: 0.1, most: 0.3 },
  perMonth: { least: 73, most: 219 },
  parts: [{ what: 'CPU cores', unitPerHour: 0.04, hoursPerMonth: 730, units: { least: 1, most: 3 } }],
  assumptions: ['It runs day and night.'],
};
const { environment, phase } = answer;
const amounts = { cpu: 4, memoryMiB: 1024, gpu: 0, environments: 2, storageGiB: 9 };
const policy = { version: '1', block: ['HIGH'], maxScanAgeHours: 24, maxRemediations: 2 };
test.each([
  [
    ['env', 'list', '--team', 'checkout'],
    { environments: [{ ...environment, phase }] },
    /^environment +phase .*\ncheckout\/web +scanning/,
  ],
  [['env', 'list'], { environments: [] }, /^No environments\. Ask for one:/],
  [
    ['env', 'cost', 'checkout/web'],
    cost,
    /^0\.1 to 0\.3 USD an hour while it runs, 73 to 219 USD a month\n {2}1 to 3 CPU cores/,
  ],
  [
    ['catalog'],
    {
      bases: [
        {
          name: 'debian-12',
          repository: 'base/debian',
          tag: 'bookworm',
          takes: ['pip'],
          title: 'Debian 12',
          image: {
            digest,
            sizeMB: 51.2,
            pushedAt: '2026-11-24T00:00:00.000Z',
            scan: { completedAt: '2026-11-25T00:00:00.000Z', findings: { HIGH: 2 } },
          },
        },
        { name: 'gone', repository: 'base/gone', tag: '1', takes: [], title: 'gone', missing: 'mirror it' },
      ],
      git: ['https://git.example/acme/'],
      clusters: [{ name: 'main', volumes: [] }],
      policy,
    },
    /debian-12 +Debian 12 +pip +51\.2 +sha256:\w{12} +2026-11-25T\S+: 2 HIGH\ngone +gone +nothing +mirror it\n/,
  ],
  [
    ['team', 'usage', 'checkout'],
    { team: 'checkout', quota: amounts, used: amounts, left: amounts },
    /cores +4 +4 +4/,
  ],
  [
    ['image', 'list', 'checkout/web'],
    {
      images: [
        { digest, is: ['newest'], verdict: { digest, result: 'block', blocking: 2, policyVersion: '1' } },
      ],
    },
    /newest: block under policy 1, blocked by 2/,
  ],
  [
    ['image', 'report', 'checkout/web', '--digest', digest],
    {
      ...{ verdict: verdict(), url: 'https://r.example/x', expiresAt: start },
      attached: [
        { type: 'application/vnd.cyclonedx+json', digest, url: 'https://r.example/sbom' },
        { type: 'application/vnd.sig', digest },
      ],
    },
    /All findings, until .*: https:\/\/r\.example\/x\nWhat is in it \(CycloneDX\): https:\/\/r\.example\/sbom\napplication\/vnd\.sig: sha256:/,
  ],
])('%j says in words what the API answers', async (args, body, words) => {
  api.reset(200, body);
  const { code, out, err } = await schwifty(api, args);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(words);
});

test.each([
  ['create', ['POST /environments?dryRun=true']],
  ['change', ['GET /environments/checkout/web', 'PUT /environments/checkout/web?dryRun=true']],
])('%s --dry-run asks for the plan, and for nothing else', async (verb, asked) => {
  const plan = { steps: ['it is built'], dockerfile: 'FROM x\n', objects: [], cost };
  api.reply = (line) => ({
    status: 200,
    body: JSON.stringify(line.startsWith('GET') ? answer : plan),
  });
  api.asked = [];
  const spec_ = file(`dry-${verb}.json`, JSON.stringify(spec));
  const { out } = await schwifty(api, ['env', verb, 'checkout/web', '--spec', spec_, '--dry-run']);
  expect(out).toContain('Nothing was done');
  expect(lines()).toEqual(asked);
});

test('plan shows steps, Dockerfile, kinds of objects and cost', async () => {
  api.reset(200, { steps: ['it is built'], dockerfile: 'FROM x\n', objects: [{ kind: 'Service' }], cost });
  const { out } = await schwifty(api, [
    'env',
    'plan',
    'checkout/web',
    '--spec',
    file('p.json', JSON.stringify(spec)),
  ]);
  expect(out).toMatch(
    /Nothing was done[\s\S]*1\. it is built[\s\S]*FROM x[\s\S]*Objects: Service[\s\S]*Cost: 0\.1/,
  );
  expect(lines()).toEqual(['POST /environments/plan']);
});
