/** What builds may: each team's role reaches its team's repositories, contexts, logs and secrets, and nobody starts a build as anything else. */
import * as z from '#core/zod.ts';
import { type Statement, statementsByRole } from '../statements.ts';
import { every, type Found, type Invariant, type Stacks } from './rule.ts';

const pushes = new Set([
  'ecr:PutImage',
  'ecr:InitiateLayerUpload',
  'ecr:UploadLayerPart',
  'ecr:CompleteLayerUpload',
]);

interface Role {
  readonly id: string;
  /** Whose builds have it; undefined for all other roles. */
  readonly team: string | undefined;
  readonly allowed: readonly Statement[];
}

/** Each role of a stack, with the team behind the name of one of builds. */
const rolesIn = (stacks: Stacks): Role[] =>
  [...stacks].flatMap(([stack, resources]) =>
    [...statementsByRole(resources)].map(([id, statements]) => ({
      id: `${stack}/${id}`,
      team: teamOf(resources[id]?.Properties['RoleName']),
      allowed: statements.filter(({ Effect }) => Effect === 'Allow'),
    })),
  );

function teamOf(roleName: unknown): string | undefined {
  const name = JSON.stringify(roleName ?? '');
  return name.includes('getschwifty-builds-') ? /-([a-z0-9-]+)"\]\]\}$/.exec(name)?.[1] : undefined;
}

const within = (resource: string, ...folders: readonly string[]): boolean =>
  folders.some((folder) => resource.includes(`${folder}/*"`));

const pushed: Invariant = {
  says: "a build pushes to its own team's candidates and caches, and nobody else to any",
  problems: (stacks) => {
    const roles = rolesIn(stacks);
    if (!roles.some(({ team }) => team)) return ['no role is of builds'];
    return roles.flatMap(({ id, team, allowed }) =>
      allowed
        .filter(({ Action }) => Action.some((it) => pushes.has(it) || it === 'ecr:*'))
        .flatMap(({ Resource }) => Resource)
        .filter((it) => team !== undefined || /:repository\/(?:candidate|cache)|^"\*"$/.test(it))
        .filter((it) => !within(it, `:repository/candidate/${team}`, `:repository/cache/${team}`))
        .map((it) => `${id} pushes to ${it}`),
    );
  },
  plants: {
    'all candidates': (stacks) => widen(stacks, 'candidate/checkout/*', 'candidate/*'),
    "another team's cache": (stacks) => widen(stacks, 'cache/checkout/*', 'cache/billing/*'),
    'a team whose name begins so': (stacks) => widen(stacks, 'cache/checkout/*', 'cache/checkout*'),
    "the role of nobody's builds": (stacks) => {
      const { Properties } = roleNamed(stacks, 'NobodysRole');
      Properties['Policies'] = [policy('ecr:PutImage', 'arn:aws:ecr:us-east-1:0:repository/cache/*')];
    },
  },
};

/** Of what lies below a team's name, the team's own alone; bases, programs and indexes are for all. */
const read: Invariant = {
  says: "a build reads no other team's images, caches and contexts, and writes no other's log",
  problems: (stacks) =>
    rolesIn(stacks).flatMap(({ id, team, allowed }) => {
      if (team === undefined) return [];
      const places = ['candidate', 'cache', 'release'].map((kind) => `:repository/${kind}`);
      const own = [`:repository/candidate/${team}`, `:repository/cache/${team}`, `/builds/${team}`];
      return allowed.flatMap(({ Action, Resource }) =>
        Resource.filter((it) => [...places, '/builds/', ':log-stream:'].some((place) => it.includes(place)))
          .concat(Action.includes('logs:PutLogEvents') ? Resource : [])
          .filter((it) => !within(it, ...own, `:log-stream:${team}`))
          .map((it) => `${id} may ${Action.join()} ${it}`),
      );
    }),
  plants: {
    'all contexts': (stacks) => widen(stacks, '/builds/checkout/*', '/builds/*'),
    'the whole log': (stacks) => widen(stacks, ':log-stream:checkout/*', ':*'),
    releases: (stacks) => widen(stacks, 'cache/checkout/*', 'release/checkout/*'),
  },
};

const passed: Invariant = {
  says: 'who starts builds passes roles of builds alone, to CodeBuild alone',
  problems: (stacks) =>
    rolesIn(stacks).flatMap(({ id, allowed }) => {
      const starts = allowed.some(({ Action }) => Action.includes('codebuild:StartBuild'));
      const passing = allowed.filter(({ Action }) => Action.includes('iam:PassRole'));
      if (!starts) return [];
      if (passing.length !== 1) return [`${id} passes roles by ${passing.length} statements`];
      return passing.flatMap(({ Condition, Resource }) => [
        ...(JSON.stringify(Condition) === toCodeBuild ? [] : [`${id} passes them to others`]),
        ...Resource.filter((it) => !/:role\/getschwifty-builds-",\{"Ref":"AWS::Region"\},"-\*"/.test(it)).map(
          (it) => `${id} passes ${it}`,
        ),
      ]);
    }),
  plants: {
    'any role': (stacks) => widen(stacks, ':role/getschwifty-builds-', ':role/', 'AWS::IAM::Policy'),
    'to anybody': (stacks) => widen(stacks, '"codebuild.amazonaws.com"', '"*"', 'AWS::IAM::Policy'),
  },
};
const toCodeBuild = '{"StringEquals":{"iam:PassedToService":"codebuild.amazonaws.com"}}';

const Denial = z.object({
  Statement: z.tuple([
    z.object({
      Effect: z.literal('Deny'),
      Action: z.array(z.string()),
      Condition: z.strictObject({ ArnNotEquals: z.strictObject({ 'aws:PrincipalArn': z.unknown() }) }),
    }),
  ]),
});

const cached: Invariant = {
  says: 'a cache refuses what is not a build of its team, whatever its role says',
  problems: (stacks) =>
    every(stacks, 'AWS::ECR::Repository').flatMap(({ id, Properties }) => {
      const [, team] = /^cache\/([^/]+)\//.exec(String(Properties['RepositoryName'])) ?? [];
      if (team === undefined) return [];
      const denial = Denial.safeParse(Properties['RepositoryPolicyText']).data?.Statement[0];
      const but = JSON.stringify(denial?.Condition.ArnNotEquals['aws:PrincipalArn'] ?? '');
      return but.includes(':role/getschwifty-builds-') &&
        but.endsWith(`"-${team}"]]}`) &&
        [...pushes].every((it) => denial?.Action.includes(it))
        ? []
        : [`${id} is written by others`];
    }),
  plants: {
    'no policy': (stacks) => delete cacheOf(stacks).Properties['RepositoryPolicyText'],
    "another team's builds": (stacks) => widen(stacks, '"-checkout"', '"-billing"', 'AWS::ECR::Repository'),
  },
};

function roleNamed(stacks: Stacks, name: string): Found {
  const found = every(stacks, 'AWS::IAM::Role').find(({ id }) => id.includes(name));
  if (!found) throw new Error(`there is no role ${name}`);
  return found;
}

function cacheOf(stacks: Stacks): Found {
  const found = every(stacks, 'AWS::ECR::Repository').find(({ Properties }) =>
    String(Properties['RepositoryName']).startsWith('cache/'),
  );
  if (!found) throw new Error('there is no cache');
  return found;
}

const policy = (action: string, resource: string) => ({
  PolicyName: 'Planted',
  PolicyDocument: { Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] },
});

/** Writes other words into what all resources of a type say. */
function widen(stacks: Stacks, from: string, to: string, type = 'AWS::IAM::Role'): void {
  const texts = every(stacks, type).map(({ Properties }) => ({
    Properties,
    text: JSON.stringify(Properties),
  }));
  const found = texts.filter(({ text }) => text.includes(from));
  if (found.length === 0) throw new Error(`no ${type} says ${from}`);
  for (const { Properties, text } of found)
    Object.assign(Properties, z.record(z.string(), z.unknown()).parse(JSON.parse(text.replaceAll(from, to))));
}

export const builders: readonly Invariant[] = [pushed, read, passed, cached];
