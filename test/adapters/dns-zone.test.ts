/** Route53Zone against a Route 53 endpoint on this machine. */
import { Route53Client } from '@aws-sdk/client-route-53';
import { afterEach, expect, test } from 'vitest';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import type { DnsRecord } from '#core/dns.ts';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import { type Answer, type Asked, awsEndpoint } from './aws-endpoint.ts';

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function zone(answer: (asked: Asked) => Answer, now: () => number = () => 0) {
  const server = await awsEndpoint(answer);
  close = server.close;
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const client = new Route53Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
  return { zone: new Route53Zone('Z1', client, now), asked: server.asked };
}
const xmlns = 'https://route53.amazonaws.com/doc/2013-04-01/';
const xml = (body: string, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body,
});
const set = (name: string, type: string, values: string[]) =>
  `<ResourceRecordSet><Name>${name}</Name><Type>${type}</Type><TTL>60</TTL><ResourceRecords>${values
    .map((value) => `<ResourceRecord><Value>${value}</Value></ResourceRecord>`)
    .join('')}</ResourceRecords></ResourceRecordSet>`;
const listed = (...sets: string[]) =>
  xml(
    `<ListResourceRecordSetsResponse xmlns="${xmlns}"><ResourceRecordSets>${sets.join('')}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>10</MaxItems></ListResourceRecordSetsResponse>`,
  );
const listedUntil = (next: string, ...sets: string[]) =>
  xml(
    `<ListResourceRecordSetsResponse xmlns="${xmlns}"><ResourceRecordSets>${sets.join('')}</ResourceRecordSets><IsTruncated>true</IsTruncated><NextRecordName>${next}.</NextRecordName><NextRecordType>TXT</NextRecordType><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>`,
  );
const changed = xml(
  `<ChangeResourceRecordSetsResponse xmlns="${xmlns}"><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-05T10:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>`,
);
const failure = (code: string, status: number) =>
  xml(
    `<ErrorResponse xmlns="${xmlns}"><Error><Code>${code}</Code><Message>why</Message></Error></ErrorResponse>`,
    status,
  );
const name = 'web.checkout.schwifty.example';

test('of a listing, which goes on behind the name, what stands at the name is taken', async () => {
  const { zone: route53, asked } = await zone(() =>
    listed(
      set(`${name}.`, 'CNAME', ['lb-1.elb.example.']),
      set(`${name}.`, 'MX', ['10 mail.example.']),
      set(`a.${name}.`, 'A', ['192.0.2.1']),
    ),
  );
  expect(await route53.records([name])).toEqual([
    { name, type: 'CNAME', ttl: 60, values: ['lb-1.elb.example'] },
  ]);
  expect(asked[0]?.path).toMatch(
    /^\/2013-04-01\/hostedzone\/Z1\/rrset\?.*name=web\.checkout\.schwifty\.example/,
  );
});

test('an alias is read and written with its zone and its health', async () => {
  const target = 'k8s-web-1.elb.us-east-1.amazonaws.com';
  const record: DnsRecord = {
    name,
    type: 'A',
    alias: { zoneId: 'Z26RNL4JYFTOTI', target, evaluateTargetHealth: true },
  };
  const xmlOf = (at: string, dot: string) =>
    `<ResourceRecordSet><Name>${at}</Name><Type>A</Type><AliasTarget><HostedZoneId>Z26RNL4JYFTOTI</HostedZoneId><DNSName>${target}${dot}</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>`;
  const { zone: route53, asked } = await zone(({ method }) =>
    method === 'GET' ? listed(xmlOf(`${name}.`, '.')) : changed,
  );
  expect(await route53.records([name])).toEqual([record]);
  await route53.change([{ action: 'CREATE', record }]);
  expect(asked[1]?.body.replace(/\s+/g, ' ')).toContain(
    `<Change><Action>CREATE</Action>${xmlOf(name, '')}</Change>`,
  );
});

test('changes are one batch', async () => {
  const { zone: route53, asked } = await zone(() => changed);
  await route53.change([
    { action: 'DELETE', record: { name, type: 'A', ttl: 60, values: ['192.0.2.1'] } },
    { action: 'CREATE', record: { name, type: 'TXT', ttl: 60, values: ['"heritage=getschwifty"'] } },
  ]);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.body.replace(/\s+/g, ' ')).toContain(
    `<Change><Action>DELETE</Action><ResourceRecordSet><Name>${name}</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change><Change><Action>CREATE</Action>`,
  );
  await route53.change([]);
  expect(asked).toHaveLength(1);
});

test('names that stand together are one page; where a page ends, the next begins at the first name that it has not', async () => {
  const at = (i: number) => `n${i}.example`;
  const { zone: route53, asked } = await zone(({ path }) =>
    path.includes('name=n1.example')
      ? listedUntil(at(3), set(`${at(1)}.`, 'A', ['192.0.2.1']), set(`${at(2)}.`, 'A', ['192.0.2.2']))
      : listed(set(`${at(3)}.`, 'A', ['192.0.2.3']), set(`${at(4)}.`, 'A', ['192.0.2.4'])),
  );
  const found = await route53.records([at(4), at(2), at(3), at(1)]);
  expect(found.map((it) => it.name)).toEqual([at(1), at(2), at(3), at(4)]);
  expect(asked.map(({ path }) => /[?&]name=([^&]+)/.exec(path)?.[1])).toEqual([at(1), at(3)]);
});

test('a page goes on where the one before ended, by name and type', async () => {
  const { zone: route53, asked } = await zone(() => listedUntil(name, set('a.example.', 'A', ['192.0.2.1'])));
  expect(await route53.page({ name: 'a.example', type: 'MX' })).toEqual({
    records: [{ name: 'a.example', type: 'A', ttl: 60, values: ['192.0.2.1'] }],
    next: { name, type: 'TXT' },
  });
  expect(asked[0]?.path).toMatch(/[?&]type=MX/);
});

test.each(['InvalidChangeBatch', 'InvalidInput'])(
  '%s is a conflict, with what Route 53 says',
  async (code) => {
    const { zone: route53 } = await zone(() => failure(code, 400));
    const change = route53.change([
      { action: 'DELETE', record: { name, type: 'A', ttl: 60, values: ['192.0.2.1'] } },
    ]);
    await expect(change).rejects.toThrow(new Conflict('Route 53 refused the changes: why'));
  },
);

test('what the account has no tokens for is not asked, and says when it will', async () => {
  let now = 0;
  const { zone: route53, asked } = await zone(
    () => listed(),
    () => now,
  );
  for (let i = 0; i < 50; i++) await route53.page();
  const wait = 'ListResourceRecordSets: Route 53 takes no more of this account for 1 s';
  await expect(route53.page()).rejects.toThrow(new Retryable(wait));
  expect(asked).toHaveLength(50);
  now = 1_000;
  await route53.page();
  expect(asked).toHaveLength(51);
});

test.each([
  ['PriorRequestNotComplete', 400],
  ['Throttling', 400],
  ['ThrottlingException', 429],
])('%s may pass', async (code, status) => {
  const { zone: route53 } = await zone(() => failure(code, status));
  await expect(route53.records([name])).rejects.toThrow(
    new Retryable(`ListResourceRecordSets: ${code}: why`),
  );
});

test('a zone that is not there is said, and what to do', async () => {
  const { zone: route53 } = await zone(() => failure('NoSuchHostedZone', 404));
  const missing = route53.records([name]);
  await expect(missing).rejects.toThrow(Rejected);
  await expect(missing).rejects.toThrow(
    /^There is no hosted zone Z1: put dns\.hostedZoneId in getschwifty\.config\.yaml right/,
  );
});

test('what is wrong is thrown as it is', async () => {
  const { zone: route53 } = await zone(() => failure('AccessDenied', 403));
  await expect(route53.records([name])).rejects.toMatchObject({ name: 'AccessDenied' });
});
