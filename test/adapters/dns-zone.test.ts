/** Route53Zone against a Route 53 endpoint on this machine. */
import { Route53Client } from '@aws-sdk/client-route-53';
import { afterEach, expect, test } from 'vitest';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { Retryable } from '#core/errors.ts';
import { type Answer, type Asked, awsEndpoint } from './aws-endpoint.ts';

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

async function zone(answer: (asked: Asked) => Answer) {
  const server = await awsEndpoint(answer);
  close = server.close;
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const client = new Route53Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
  return { zone: new Route53Zone('Z1', client), asked: server.asked };
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

test('an alias at the name is nothing of ours', async () => {
  const alias =
    '<ResourceRecordSet><Name>web.example.</Name><Type>A</Type><AliasTarget><HostedZoneId>Z2</HostedZoneId>' +
    '<DNSName>lb.example.</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>';
  const { zone: route53 } = await zone(() => listed(alias));
  await expect(route53.records(['web.example'])).rejects.toThrow(/is an alias, which we never make/);
});

test('changes are one batch', async () => {
  const { zone: route53, asked } = await zone(() =>
    xml(
      `<ChangeResourceRecordSetsResponse xmlns="${xmlns}"><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-05T10:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>`,
    ),
  );
  await route53.change([
    { action: 'DELETE', record: { name, type: 'A', ttl: 60, values: ['192.0.2.1'] } },
    { action: 'UPSERT', record: { name, type: 'TXT', ttl: 60, values: ['"heritage=getschwifty"'] } },
  ]);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.body.replace(/\s+/g, ' ')).toContain(
    `<Change><Action>DELETE</Action><ResourceRecordSet><Name>${name}</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change><Change><Action>UPSERT</Action>`,
  );
  await route53.change([]);
  expect(asked).toHaveLength(1);
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

test('what is wrong is thrown as it is', async () => {
  const { zone: route53 } = await zone(() => failure('NoSuchHostedZone', 404));
  await expect(route53.records([name])).rejects.toMatchObject({ name: 'NoSuchHostedZone' });
});
