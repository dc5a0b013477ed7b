/**
 * The routes, and which of them a request is for. No framework: routes are data, a request is plain data too, and what a
 * framework and the web's own Request would take to load is most of what a cold start may add (docs/adr/0018).
 */
import type { KeptAnswer } from '#core/request-ports.ts';
import { foreseen, ProblemError, problemAnswer } from './problem.ts';
import type { ApiDeps, RawRequest, Route } from './route.ts';
import { routes } from './routes/all.ts';

/** A request as it came: who calls is told by the gateway, which has checked the token. */
export interface HttpRequest extends Pick<RawRequest, 'header' | 'text' | 'person' | 'requestId'> {
  readonly method: string;
  readonly path: string;
  /** Behind the `?`. */
  readonly query: string;
}

export interface Listener {
  /** Told of the route that a request is for. */
  readonly routed?: (route: string) => void;
  /** Told of an error that nobody foresaw; whoever calls learns only that there was one. */
  readonly failed: (error: unknown) => void;
}

export type App = (request: HttpRequest) => Promise<KeptAnswer>;

export function makeApp(deps: ApiDeps, listener: Listener): App {
  const app: App = async (request) => {
    if (request.method === 'HEAD') return { ...(await app({ ...request, method: 'GET' })), body: '' };
    try {
      const { route, params } = routeOf(request);
      listener.routed?.(`${route.method} ${route.path}`);
      const { status, headers, body } = await route.respond(rawRequest(request, params), deps);
      return { status, headers: { ...headers, 'content-type': 'application/json' }, body };
    } catch (error) {
      const problem = foreseen(error);
      if (!problem) listener.failed(error);
      return problemAnswer(problem ?? failure);
    }
  };
  return app;
}

type Params = RawRequest['params'];

const patterns = routes.map((route) => ({ route, parts: route.path.split('/') }));

/** @throws ProblemError 404 where nothing has the path, 405 where what has it does not take the method. */
function routeOf({ method, path }: HttpRequest): { readonly route: Route; readonly params: Params } {
  const parts = path.split('/').map(decoded);
  const found = patterns.flatMap(({ route, parts: pattern }) => {
    const params = paramsIn(pattern, parts);
    return params ? [{ route, params }] : [];
  });
  if (found.length === 0) throw new ProblemError(404, 'Not found', `There is no ${method} ${path}.`);
  const taken = found.find(({ route }) => route.method === method);
  if (taken) return taken;
  const allow = found.map(({ route }) => route.method).join(', ');
  const detail = `${path} takes ${allow}, not ${method}.`;
  throw new ProblemError(405, 'Method not allowed', detail, { headers: { allow } });
}

/** @returns what the path has in the places of parameters; undefined where it is not of this pattern. */
function paramsIn(pattern: readonly string[], parts: readonly string[]): Params | undefined {
  if (pattern.length !== parts.length) return undefined;
  const pairs = pattern.map((name, i) => [name, parts[i] ?? ''] as const);
  const isOf = pairs.every(([name, part]) => (isParam(name) ? part !== '' : part === name));
  if (!isOf) return undefined;
  return Object.fromEntries(
    pairs.flatMap(([name, part]) => (isParam(name) ? [[name.slice(1, -1), part]] : [])),
  );
}

const isParam = (part: string): boolean => part.startsWith('{');

/** What is not encoded as it should be stands for itself: no parameter takes a `%`. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const rawRequest = ({ method: _, path, query, ...rest }: HttpRequest, params: Params): RawRequest => ({
  ...rest,
  params,
  // Of two of one name the first counts.
  query: Object.fromEntries([...new URLSearchParams(query)].reverse()),
  url: query === '' ? path : `${path}?${query}`,
});

const failure = new ProblemError(
  500,
  'It failed',
  'This is a defect of ours, and whoever runs GetSchwifty was told. The id of the request names it in the log.',
);
