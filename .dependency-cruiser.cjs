/**
 * Who may import whom (docs: "Dependency direction" in CONTRIBUTING.md). test/boundaries.test.ts plants a
 * violation of each rule and sees it fail.
 */
const clients = [
  '(^|/)node_modules/@aws-sdk/',
  '(^|/)node_modules/@smithy/',
  '(^|/)node_modules/@kubernetes/',
];

/** Of our own folders, `from` may reach only `to`. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: OURS, pathNot: to },
});

const OURS =
  '^(access|adapters|api|attest|bin|cli|console|core|egress|lambdas|lib|local|test|watcher|worker)/';

module.exports = {
  forbidden: [
    {
      name: 'core-is-pure',
      comment: 'core/ decides: no client, no clock, no environment. Give it what it needs as a value.',
      severity: 'error',
      from: { path: '^core/' },
      // croner computes the times of a schedule from the instant that it is given.
      to: { pathNot: ['^core/', '(^|/)node_modules/(zod|croner)/'] },
    },
    only(
      'adapters-reach-core',
      '^adapters/',
      ['^adapters/', '^core/'],
      'adapters/ implement what core/ needs.',
    ),
    only(
      'lambdas-reach-adapters-and-core',
      '^lambdas/(?!api/)',
      ['^lambdas/', '^adapters/', '^core/'],
      'A handler parses, loads by an adapter, decides in core/, applies by an adapter.',
    ),
    only(
      'api-lambda-reaches-api',
      '^lambdas/api/',
      ['^lambdas/', '^adapters/', '^core/', '^api/'],
      'Only the API stage mounts the routes of api/.',
    ),
    {
      name: 'openapi-is-only-built',
      comment: 'The document is made when it is built: nothing of it may be in the bundle of the function.',
      severity: 'error',
      from: { path: '^(lambdas|cli)/' },
      to: { path: '^api/openapi/', reachable: true },
    },
    only(
      'cluster-programs-reach-adapters-and-core',
      '^(watcher|worker|access|attest|egress)/',
      ['^$1/', '^adapters/', '^core/'],
      'What runs in the cluster, or in a build, uses adapters/ and core/ only.',
    ),
    only(
      'api-reaches-core',
      '^api/',
      ['^api/', '^core/'],
      'api/ holds routes and schemas; clients are handed in.',
    ),
    only(
      'lib-reaches-core-and-env',
      '^lib/',
      ['^lib/', '^core/', '^lambdas/[^/]+/env\\.ts$'],
      'A handler is never loaded at synth: only its env.ts is.',
    ),
    only(
      'bin-reaches-lib',
      '^bin/',
      ['^bin/', '^lib/', '^core/'],
      'bin/app.ts reads the config and makes the stacks.',
    ),
    only(
      'people-use-the-api-client',
      '^(cli|console)/',
      ['^$1/', '^api/client(/|\\.ts$)'],
      'cli/ and console/ know the API and nothing behind it.',
    ),
    only(
      'local-stays-outside',
      '^local/',
      ['^local/', '^adapters/', '^core/', '^lib/(bundle|config-file)\\.ts$', '^api/client(/|\\.ts$)'],
      'local/ runs the product, it does not reach into it.',
    ),
    {
      name: 'zod-is-set-up-once',
      comment: 'core/zod.ts sets zod up, and takes the small one: import that.',
      severity: 'error',
      from: { path: OURS, pathNot: '^core/zod\\.ts$' },
      to: { path: '(^|/)node_modules/zod/' },
    },
    {
      name: 'clients-only-in-adapters-and-local',
      comment: 'SDK and Kubernetes clients live behind adapters/.',
      severity: 'error',
      from: { path: '^(access|api|attest|bin|cli|console|core|egress|lambdas|lib|watcher|worker)/' },
      to: { path: clients },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle hides which module knows which.',
      severity: 'error',
      from: { path: OURS },
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that is not found is not checked either.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^(cdk\\.out|dist)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
