/**
 * The OpenAPI document, made from the routes: what they take and answer are the schemas that they check with. Only built, never
 * part of the function (docs/openapi.json is written by `npm run docs`).
 */
import { rights } from '#core/roles.ts';
import * as z from '#core/zod.ts';
import * as answersByName from '../answers.ts';
import { type AnswerName, mayBeNothing, none, type RouteData, takesNothing } from '../route.ts';
import * as schemas from '../schemas.ts';
import { GatewayMessage, problemsOf, statusSays } from './problems.ts';

type Json = Record<string, unknown>;

const shown: Readonly<Record<AnswerName, z.ZodMiniType>> = answersByName;
/** Schemas that the document names; all others stand where they are used. */
const names = new Map<unknown, string>(
  [...Object.entries(schemas), ...Object.entries(answersByName)].map(([name, schema]) => [schema, name]),
);

export function openApi(routes: readonly RouteData[]): Json {
  const used = new Map<string, Json>();
  const schemaOf = (schema: z.ZodMiniType, io: 'input' | 'output'): Json => {
    const name = names.get(schema);
    if (name === undefined) return jsonSchema(schema, io);
    used.set(name, jsonSchema(schema, io));
    return { $ref: `#/components/schemas/${name}` };
  };
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route, schemaOf) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'GetSchwifty',
      version: '1',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The address that the stack GetSchwifty puts out' }],
    paths,
    components: {
      schemas: Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

const description = `Self-service, scan-gated environments.
What our own code refuses is a problem document (RFC 9457) that names every field that is wrong. The gateway before it answers
401, 413, 429 and 503 by itself, with \`{"message": "…"}\`.`;

type SchemaOf = (schema: z.ZodMiniType, io: 'input' | 'output') => Json;

function operation(route: RouteData, schemaOf: SchemaOf): Json {
  const { name, summary, who, body } = route;
  return {
    operationId: name,
    summary,
    ...(who === 'everybody' ? { security: [] } : { security: [{ token: [] }] }),
    ...(who !== 'everybody' &&
      who !== 'signed-in' && { description: `For roles: ${rights[who].for.join(', ')}.` }),
    parameters: parameters(route),
    ...(!takesNothing(body) && {
      requestBody: {
        required: !mayBeNothing(body),
        content: { 'application/json': { schema: schemaOf(body, 'input') } },
      },
    }),
    responses: { ...answers(route, schemaOf), ...problems(route, schemaOf) },
  };
}

const parameters = ({ params, headers, query }: RouteData): Json[] => [
  ...parametersIn('path', params),
  ...(headers === none ? [] : parametersIn('header', headers)),
  ...(query === none ? [] : parametersIn('query', query)),
];

function parametersIn(place: 'path' | 'header' | 'query', schema: z.ZodMiniObject): Json[] {
  const { properties = {}, required = [] } = ObjectSchema.parse(jsonSchema(schema, 'input'));
  return Object.entries(properties).map(([name, { description: says, ...property }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(says !== undefined && { description: says }),
    schema: property,
  }));
}
const ObjectSchema = z.object({
  properties: z.optional(z.record(z.string(), z.looseObject({ description: z.optional(z.string()) }))),
  required: z.optional(z.array(z.string())),
});

const answers = ({ answers: promised }: RouteData, schemaOf: SchemaOf): Json =>
  Object.fromEntries(
    Object.entries(promised).map(([status, name]) => [
      status,
      {
        description: statusSays(Number(status)),
        content: { 'application/json': { schema: schemaOf(shown[name], 'output') } },
      },
    ]),
  );

function problems(route: RouteData, schemaOf: SchemaOf): Json {
  const problem = { 'application/problem+json': { schema: schemaOf(answersByName.Problem, 'output') } };
  const gateway = { 'application/json': { schema: jsonSchema(GatewayMessage, 'output') } };
  return Object.fromEntries(
    problemsOf(route).map(({ status, by }) => [
      status,
      {
        description: statusSays(status),
        content: { ...(by !== 'gateway' && problem), ...(by !== 'us' && gateway) },
      },
    ]),
  );
}

function jsonSchema(schema: z.ZodMiniType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io });
  return json;
}
