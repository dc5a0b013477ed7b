/** What holds data is closed, and expires where it may; who is in a VPC has no way out of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { type Assembly, clusterNames } from '../assembly.ts';

export function holdings(assembly: Assembly): void {
  describe('what holds data', () => {
    it('the table has its stream, TTL and indexes, and is paid for by request', () => {
      const [entry] = assembly.ofType('AWS::DynamoDB::Table');
      expect(entry?.[1].Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        GlobalSecondaryIndexes: [{ IndexName: 'due' }, { IndexName: 'outbox' }, { IndexName: 'team' }],
      });
    });

    it.each(assembly.ofType('AWS::S3::Bucket'))('%s is open to nobody and encrypted', (_, { Properties }) => {
      expect(Properties['PublicAccessBlockConfiguration']).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(Properties['BucketEncryption']).toBeDefined();
    });

    it('only what is base or cache may be overwritten, and only candidates and caches expire', () => {
      for (const [, { Properties }] of assembly.ofType('AWS::ECR::Repository')) {
        const prefix = String(Properties['RepositoryName']).split('/')[0] ?? '';
        const movable = Properties['ImageTagMutability'] === 'MUTABLE';
        expect({ prefix, movable }).toEqual({ prefix, movable: ['base', 'cache'].includes(prefix) });
        const expires = Properties['LifecyclePolicy'] !== undefined;
        expect({ prefix, expires }).toEqual({ prefix, expires: ['candidate', 'cache'].includes(prefix) });
      }
    });
  });

  describe('the images of what runs in clusters', () => {
    it('are made from bases by their digests, for the architecture of the nodes, and run by their own', () => {
      for (const name of ['Watcher', 'Access']) {
        const makers = assembly.ofType(`Custom::${name}`);
        expect(makers).toHaveLength(clusterNames.length);
        for (const [, { Properties }] of makers) {
          expect(Properties['Architecture']).toBe('amd64');
          expect(JSON.stringify(Properties['Image'])).toMatch(byItsDigest(`${name}Image`));
        }
      }
      const manifest = readFileSync(join(assembly.app.outdir, 'GetSchwiftyControlPlane.assets.json'), 'utf8');
      const { dockerImages } = z
        .object({ dockerImages: z.record(z.string(), z.object({ source: z.looseObject({}) })) })
        .parse(JSON.parse(manifest));
      const base = expect.stringMatching(/^public\.ecr\.aws\/.*@sha256:[0-9a-f]{64}$/);
      const sources = Object.values(dockerImages).map(({ source }) => source);
      expect(sources).toHaveLength(3);
      for (const dockerBuildArgs of [{ BASE: base }, { BASE: base, DEBIAN: base }])
        expect(sources).toContainEqual(expect.objectContaining({ platform: 'linux/amd64', dockerBuildArgs }));
    });

    it('a deployer gives environments the gate of that very image, and the service of its own cluster', () => {
      for (const name of clusterNames) {
        const [, deployer] =
          assembly.ofType('AWS::Lambda::Function').find(([id]) => id.includes(`/Deploy${name}Function`)) ??
          [];
        const { Variables } = z
          .object({ Variables: z.record(z.string(), z.unknown()) })
          .parse(deployer?.Properties['Environment']);
        expect(JSON.stringify(Variables['ACCESS_IMAGE'])).toMatch(byItsDigest('AccessImage'));
        expect(JSON.stringify(Variables['ACCESS_URL'])).toMatch(
          new RegExp(`^\\{"Fn::GetAtt":\\["Access${name}InCluster\\w*","Url"\\]\\}$`),
        );
      }
    });
  });

  describe('network', () => {
    it('only deployers, keepers of slots and cluster set-up are in a VPC, in subnets without a way out', () => {
      const inside = assembly.ofType('AWS::Lambda::Function').filter(([, it]) => it.Properties['VpcConfig']);
      expect(inside.map(([id]) => id.split('/')[1]?.replace(/Function.*/, ''))).toEqual([
        ...clusterNames.map(() => 'Setup'),
        ...clusterNames.map((name) => `Deploy${name}`),
        ...clusterNames.map((name) => `JobSlots${name}`),
      ]);
      for (const [id, { Properties }] of inside)
        expect(JSON.stringify(Properties['VpcConfig']), id).toMatch(/functionsSubnet1.*functionsSubnet2/);
    });

    it('a cluster is called from its VPC alone, and nobody is its administrator by having made it', () => {
      for (const [, { Properties }] of assembly.ofType('AWS::EKS::Cluster')) {
        expect(Properties).toMatchObject({
          ResourcesVpcConfig: { EndpointPrivateAccess: true, EndpointPublicAccess: false },
          AccessConfig: { AuthenticationMode: 'API', BootstrapClusterCreatorAdminPermissions: false },
        });
      }
    });

    it.each([
      ['a deployer', '/Deploy', 'getschwifty:deployers'],
      ['a keeper of slots', '/JobSlots', 'getschwifty:slot-keepers'],
    ])('%s is a member of its group and has no access policy of EKS', (_, stage, group) => {
      const entries = assembly.ofType('AWS::EKS::AccessEntry').filter(([id]) => id.includes(stage));
      expect(entries).toHaveLength(clusterNames.length);
      for (const [, { Properties }] of entries) {
        expect(Properties['KubernetesGroups']).toEqual([group]);
        expect(Properties['AccessPolicies']).toBeUndefined();
      }
    });
  });
}

const byItsDigest = (image: string): RegExp =>
  new RegExp(`@",\\{"Fn::GetAtt":\\["${image}Digest\\w*","Digest"\\]\\}`);
