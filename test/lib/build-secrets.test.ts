/** What a build's role may read for sources that want a credential: the secrets that teams and indexes name, their repositories, and no other. */
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { Config } from '#core/config.ts';
import { makeStacks } from '#lib/app.ts';
import { loadConfig } from '#lib/config-file.ts';
import { testApp } from './assembly.ts';

const secret = (name: string) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-AbCdEf`;
const access = (folder: string, name: string) => ({
  prefix: `https://git.schwifty.example/${folder}/`,
  secret: secret(name),
});

/** @param git of the first team. */
function policiesOf(
  git: readonly object[],
  indexes: object = {},
  secretKeys: readonly string[] = [],
): string {
  const config = loadConfig('getschwifty.config.yaml');
  const app = testApp();
  makeStacks(
    app,
    Config.parse({
      ...config,
      builds: { ...config.builds, indexes, secretKeys },
      teams: config.teams.map((team, i) => ({ ...team, git: i === 0 ? git : [] })),
    }),
  );
  const stack = app.node.children.find((child) => child.node.id === 'GetSchwiftyControlPlane');
  if (!Stack.isStack(stack)) throw new Error('there is no control plane');
  const template = Template.fromStack(stack);
  const kinds = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::Role'];
  return JSON.stringify(kinds.map((kind) => template.findResources(kind)));
}

function rightsTo(git: readonly object[], indexes: object = {}): unknown[] {
  return secretsIn(policiesOf(git, indexes));
}

function secretsIn(policies: string): unknown[] {
  return [
    ...policies.matchAll(/"secretsmanager:GetSecretValue","Effect":"Allow","Resource":("[^"]+"|\[[^\]]+\])/g),
  ].map(([, resource = '']) => JSON.parse(resource));
}

test('none where no team has one', () => {
  const none = policiesOf([]);
  expect(secretsIn(none)).toEqual([]);
  expect(none).not.toMatch(/"(?:codeartifact:\w+|sts:GetServiceBearerToken)"/);
});

test('that of a team, for its builds alone', () => {
  expect(rightsTo([access('checkout', 'git/all')])).toEqual([secret('git/all')]);
});

test('each once where some have one', () => {
  const two = [access('checkout', 'git/all'), access('shop', 'git/all'), access('pay', 'pay')];
  expect(rightsTo(two)).toEqual([[secret('git/all'), secret('pay')]]);
});

test('that of an index, for all builds', () => {
  const pip = { url: 'https://packages.acme.example/simple/', secret: secret('index') };
  expect(rightsTo([access('checkout', 'git/all')], { pip })).toEqual([secret('index'), secret('git/all')]);
});

test('a repository of CodeArtifact: tokens of its domain, what is in it', () => {
  const of = (repository: string) =>
    `arn:aws:codeartifact:eu-west-1:111122223333:repository/acme/${repository}`;
  const policies = policiesOf([], {
    pip: { codeArtifact: of('python') },
    npm: { codeArtifact: of('node') },
  }).replaceAll('{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":', '"arn:aws:');
  const statements =
    /\{"Action":"(?:codeartifact:\w+|sts:GetServiceBearerToken)".*?"Resource":(?:"[^"]*"|\[.*?\])[\]}]*\}/g;
  expect(policies.replaceAll('"]]}', '"').match(statements)).toEqual([
    '{"Action":"codeartifact:GetAuthorizationToken","Effect":"Allow","Resource":"arn:aws:codeartifact:eu-west-1:111122223333:domain/acme"}',
    `{"Action":"codeartifact:ReadFromRepository","Effect":"Allow","Resource":["${of('node')}","${of('python')}"]}`,
    '{"Action":"sts:GetServiceBearerToken","Condition":{"StringEquals":{"sts:AWSServiceName":"codeartifact.amazonaws.com"}},"Effect":"Allow","Resource":"*"}',
  ]);
});

test.each([
  ['a name', 'git/checkout'],
  ['all', 'arn:aws:secretsmanager:us-east-1:000000000000:secret:*'],
  ['what begins so', 'arn:aws:secretsmanager:us-east-1:000000000000:secret:git'],
  ['something else', 'arn:aws:ssm:us-east-1:000000000000:parameter/git-AbCdEf'],
])('%s in the place of a whole ARN is refused', (_, name) => {
  const git = [{ prefix: 'https://git.schwifty.example/checkout/', secret: name }];
  expect(() => rightsTo(git)).toThrow('the whole ARN of a secret');
});

test('the keys of KMS that encrypt secrets, through Secrets Manager alone', () => {
  const key = 'arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555';
  const policies = policiesOf([access('checkout', 'git/all')], {}, [key]);
  const via = '{"Fn::Join":["",["secretsmanager.us-east-1.",{"Ref":"AWS::URLSuffix"}]]}';
  expect(policies.split(key)).toHaveLength(2);
  expect(policies).toContain(
    `{"Action":"kms:Decrypt","Condition":{"StringEquals":{"kms:ViaService":${via}}},"Effect":"Allow","Resource":"${key}"}`,
  );
});
