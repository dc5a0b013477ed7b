/**
 * The configuration and the context with all that they can ask the stacks for, at once: what only an option makes is judged,
 * too. None of it exists; it is synthesized, never deployed.
 */
import { Config } from '#core/config.ts';

/** As `cdk -c` takes it. */
export const everyContext = {
  pagerSubscriptions: 'on-call@schwifty.example,https://pager.schwifty.example/hook',
  natGateways: '2',
  architecture: 'arm64',
} as const;

const account = '111122223333';
const key = (nth: number) =>
  `arn:aws:kms:us-east-1:${account}:key/${`${nth}`.repeat(8)}-2222-3333-4444-555555555555`;
const secret = (name: string) => `arn:aws:secretsmanager:us-east-1:${account}:secret:${name}-AbCdEf`;
const certificate = `arn:aws:acm:us-east-1:${account}:certificate/11111111-2222-3333-4444-555555555555`;

export function everyOption(config: Config): Config {
  const teams = config.teams.map((team) => ({
    ...team,
    admins: `${team.name}-admins`,
    datasets: [`s3://lake/${team.name}/`],
    datasetKeys: [key(1)],
    databases: [
      { name: 'orders', secret: `${team.name}/orders`, key: key(2), network: '10.20.0.0/16' },
      { name: 'shop', secret: `${team.name}/shop`, network: '10.30.0.0/16', port: 3306 },
    ],
    git: [{ prefix: `https://git.schwifty.example/${team.name}/`, secret: secret(`git-${team.name}`) }],
  }));
  const clusters = config.clusters.map((cluster) => ({
    ...cluster,
    loadBalancerScheme: 'internet-facing',
    certificates: Object.fromEntries(teams.map(({ name }) => [name, certificate])),
    awsEndpoints: [{ cidr: '10.0.0.0/16', port: 443 }],
    jobNodePools: ['general-purpose'],
    jobWorkers: 200,
  }));
  const builds = {
    ...config.builds,
    secretKeys: [key(3)],
    egress: { allow: ['downloads.schwifty.example'] },
    indexes: {
      pip: { codeArtifact: `arn:aws:codeartifact:us-east-1:${account}:repository/acme/packages` },
      npm: { url: 'https://packages.schwifty.example/npm/', secret: secret('npm'), private: ['@acme'] },
    },
  };
  const identity = { issuer: 'https://login.schwifty.example/v2.0', audience: ['getschwifty'] };
  const dns = { ...config.dns, hostedZoneId: 'Z0123456789ABCDEFGHIJ' };
  return Config.parse({ ...config, teams, clusters, builds, identity, dns });
}
