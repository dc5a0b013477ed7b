/**
 * What cdk-nag says of a tree, against the reasons in it (lib/kit/acknowledge.ts): a finding without a reason and a reason
 * without a finding are both wrong. A pack asks of each finding whether it is acknowledged: it is listened to.
 */
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import * as z from '#core/zod.ts';

interface Found {
  readonly rule: string;
  /** Of the construct. */
  readonly path: string;
}

const told = ({ rule, path }: Found): string => `${path}: ${rule}`;

/** Each pack is asked once, for it takes a while. */
export function nagged(scope: IConstruct) {
  const packs = [new AwsSolutionsChecks(scope), new ServerlessChecks(scope)];
  const asked = packs.map((pack) => findingsOf(pack, scope));
  const findings = asked.flatMap(({ found }) => found);
  return {
    bare: asked.flatMap(({ bare }) => bare),
    stale: reasonsIn(scope)
      .filter(({ rule }) => /^(?:AwsSolutions|Serverless)-/.test(rule))
      .filter((reason) => !findings.some((it) => it.rule === reason.rule && isIn(it.path, reason.path)))
      .map(told),
  };
}

const isIn = (path: string, above: string): boolean =>
  above === '' || path === above || path.startsWith(`${above}/`);

const Resource = z.object({ node: z.object({ path: z.string() }) });

function findingsOf(pack: NagPack, scope: IConstruct) {
  const found: Found[] = [];
  const answer: unknown = Reflect.get(pack, 'isAcknowledged');
  if (typeof answer !== 'function') throw new Error('cdk-nag asks in another way: adapt test/lib/nag.ts');
  const value = (resource: unknown, rule: string): unknown => {
    found.push({ rule, path: Resource.parse(resource).node.path });
    return Reflect.apply(answer, pack, [resource, rule]);
  };
  Object.defineProperty(pack, 'isAcknowledged', { value });
  const bare = pack
    .validateScope(scope)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => told({ rule: ruleName, path: constructPath ?? '?' })),
    );
  return { found, bare };
}

const Reasons = z.record(z.string(), z.unknown());

const reasonsIn = (scope: IConstruct): Found[] =>
  scope.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.keys(Reasons.parse(data)))
      .map((id) => ({ rule: id.replace(/^annotation::/i, ''), path: node.path })),
  );
