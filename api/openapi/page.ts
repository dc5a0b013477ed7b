/** docs/api.md: the routes as a page for people. */
import { rights } from '#core/roles.ts';
import type { RouteData } from '../route.ts';

const whoText = (who: RouteData['who']): string => {
  if (who === 'everybody') return 'everybody';
  return who === 'signed-in' ? 'whoever has a token' : rights[who].for.join(', ');
};

export const apiPage = (routes: readonly RouteData[]): string =>
  `# The API

Drawn from [api/routes/](../api/routes/) by \`npm run docs\`; each build writes
\`dist/openapi.json\` (OpenAPI 3.1), which has every field. Roles are groups of the
identity provider: a team's \`members\`, \`approvers\` and \`admins\`, and \`security\` and \`operators\` for all teams
([core/roles.ts](../core/roles.ts)).

| route | for | what it does |
|---|---|---|
${routes.map(({ method, path, who, summary }) => `| \`${method} ${path}\` | ${whoText(who)} | ${summary} |`).join('\n')}
`;
