/** The routes, mounted. Who calls is told by the gateway, which has checked the token; what is asked, the routes check. */
import { type Context, Hono } from 'hono';
import type { KeptAnswer } from '#core/request-ports.ts';
import type { Person } from '#core/roles.ts';
import { foreseen, ProblemError, problemResponse } from './problem.ts';
import type { ApiDeps, RawRequest, Route } from './route.ts';
import { routes } from './routes/all.ts';

type Bindings = Record<string, unknown>;

/** Who calls, and the request's id, from the gateway's own words. */
export interface Caller {
  readonly person: (bindings: Bindings) => Person;
  readonly requestId: (bindings: Bindings) => string | undefined;
  /** Told of the route that a request is for. */
  readonly routed?: (route: string) => void;
  /** Told of an error that nobody foresaw; whoever calls learns only that there was one. */
  readonly failed: (error: unknown) => void;
}

type App = Hono<{ Bindings: Bindings }>;

export function makeApp(deps: ApiDeps, caller: Caller): App {
  const app: App = new Hono();
  app.onError((error) => {
    const problem = foreseen(error);
    if (!problem) caller.failed(error);
    return problemResponse(problem ?? failure);
  });
  app.notFound((c) => {
    const detail = `There is no ${c.req.method} ${c.req.path}.`;
    return problemResponse(new ProblemError(404, 'Not found', detail));
  });
  for (const route of routes) {
    app.on(route.method, honoPath(route.path), async (c) => {
      caller.routed?.(`${route.method} ${route.path}`);
      return response(await route.respond(rawRequest(c, caller), deps));
    });
  }
  for (const path of new Set(routes.map((route) => route.path))) notAllowed(app, path);
  return app;
}

const honoPath = (path: Route['path']): string => path.replace(/\{(\w+)\}/g, ':$1');

/** Behind the routes of the path itself: another method. */
function notAllowed(app: App, path: Route['path']): void {
  const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
  app.all(honoPath(path), (c) => {
    const allow = methods.join(', ');
    const detail = `${c.req.path} takes ${allow}, not ${c.req.method}.`;
    return problemResponse(new ProblemError(405, 'Method not allowed', detail, { headers: { allow } }));
  });
}

const rawRequest = (c: Context<{ Bindings: Bindings }>, caller: Caller): RawRequest => ({
  params: c.req.param(),
  query: c.req.query(),
  url: c.req.url.slice(new URL(c.req.url).origin.length),
  header: (name) => c.req.header(name),
  text: () => c.req.text(),
  person: () => caller.person(c.env),
  requestId: caller.requestId(c.env),
});

const response = ({ status, body, headers }: KeptAnswer): Response =>
  new Response(body, {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
  });

const failure = new ProblemError(
  500,
  'It failed',
  'This is a defect of ours, and whoever runs GetSchwifty was told. The id of the request names it in the log.',
);
