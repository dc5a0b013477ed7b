/** getschwifty.config.yaml: the one that is here is valid, and what contradicts itself is refused with its place. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { Config } from '#core/config.ts';
import { parse, parseJson, Rejected, unreachable } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { at } from './samples.ts';

const config = {
  dns: { zone: 'schwifty.example' },
  clusters: [{ name: 'main', kubernetesVersion: '1.36' }],
  teams: [{ name: 'checkout', members: 'm', approvers: 'a' }],
  environments: [{ team: 'checkout', name: 'web', cluster: 'main' }],
  catalog: { bases: [{ name: 'debian-12', repository: 'base/debian', tag: 'bookworm', takes: ['apt'] }] },
  policy: { version: '1', block: ['CRITICAL'], maxScanAgeHours: 24, maxRemediations: 2 },
};
const waiver = {
  id: 'w1',
  cve: 'CVE-1',
  team: 'checkout',
  author: 'ann',
  approver: 'bob',
  reason: 'x',
  expiresAt: at(0),
};
const why = (parts: object): string => {
  const parsed = Config.safeParse({ ...config, ...parts });
  return parsed.success ? '' : z.prettifyError(parsed.error);
};

it('the one of this repository is valid', () => {
  const text = readFileSync(new URL('../../getschwifty.config.yaml', import.meta.url), 'utf8');
  expect(Config.safeParse(parseYaml(text)).error).toBeUndefined();
});

it('wants four eyes and an address within the VPC unless told otherwise', () => {
  const parsed = Config.parse(config);
  expect(parsed.teams[0]?.requesterMayApprove).toBe(false);
  expect(parsed.clusters[0]?.loadBalancerScheme).toBe('internal');
  expect(parsed.waivers).toEqual([]);
});

const certificate = 'arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-555555555555';
it('takes a certificate for a team', () => {
  const clusters = config.clusters.map((cluster) => ({
    ...cluster,
    certificates: { checkout: certificate },
  }));
  expect(Config.parse({ ...config, clusters }).clusters[0]?.certificates).toEqual({ checkout: certificate });
});

describe('refused', () => {
  const [environment] = config.environments;
  it.each<[string, object, string]>([
    [
      'an environment of no team',
      { environments: [{ ...environment, team: 'payments' }] },
      'no team is called payments',
    ],
    [
      'one in no cluster',
      { environments: [{ ...environment, cluster: 'west' }] },
      'no cluster is called west',
    ],
    [
      'a base of two systems',
      { catalog: { bases: config.catalog.bases.map((base) => ({ ...base, takes: ['apt', 'pip', 'dnf'] })) } },
      'a base has one of them',
    ],
    [
      'a certificate for no team',
      {
        clusters: config.clusters.map((cluster) => ({ ...cluster, certificates: { payments: certificate } })),
      },
      'no team is called payments',
    ],
    [
      'a certificate that is none',
      {
        clusters: config.clusters.map((cluster) => ({
          ...cluster,
          certificates: { checkout: 'schwifty.example' },
        })),
      },
      'the ARN of a certificate of ACM',
    ],
    ['two of a name', { environments: [environment, environment] }, 'checkout/web twice'],
    ['two teams of a name', { teams: [...config.teams, ...config.teams] }, 'checkout twice'],
    ['two clusters of a name', { clusters: [...config.clusters, ...config.clusters] }, 'main twice'],
    ['two waivers of a name', { waivers: [waiver, waiver] }, 'w1 twice'],
    [
      'two bases of a name',
      { catalog: { bases: [...config.catalog.bases, ...config.catalog.bases] } },
      'debian-12 twice',
    ],
    ['no cluster', { clusters: [] }, 'clusters'],
    ['no base', { catalog: { bases: [] } }, 'bases'],
    ['a policy that blocks nothing', { policy: { ...config.policy, block: [] } }, 'policy.block'],
    ['a policy of an unknown severity', { policy: { ...config.policy, block: ['UNKNOWN'] } }, 'policy.block'],
    ['a scan of any age', { policy: { ...config.policy, maxScanAgeHours: Infinity } }, 'maxScanAgeHours'],
    ['rebuilds without end', { policy: { ...config.policy, maxRemediations: 11 } }, 'maxRemediations'],
    ['a waiver without an end', { waivers: [{ ...waiver, expiresAt: undefined }] }, 'expiresAt'],
    [
      'a base from elsewhere',
      { catalog: { bases: [{ ...config.catalog.bases[0], repository: 'docker.io/debian' }] } },
      'repository',
    ],
    ['a zone that is none', { dns: { zone: 'schwifty example' } }, 'dns.zone'],
    ['a field that nobody knows', { approvers: [] }, 'approvers'],
  ])('%s', (_, parts, reason) => expect(why(parts)).toContain(reason));
});

describe('what is parsed anywhere', () => {
  const schema = z.object({ team: z.string() });
  it('is refused by its place, with the field', () => {
    expect(() => parse(schema, { team: 7 }, 'event 1')).toThrow(Rejected);
    expect(() => parse(schema, { team: 7 }, 'event 1')).toThrow(/^event 1 is not valid: team: /);
    expect(() => parseJson(schema, '{', 'the body')).toThrow(/^the body is not JSON: /);
    expect(parseJson(schema, '{"team":"a"}', 'the body')).toEqual({ team: 'a' });
  });
  it('is never forgotten by a switch', () => {
    expect(() => unreachable('ImageEaten' as never)).toThrow('not handled: "ImageEaten"');
  });
});
