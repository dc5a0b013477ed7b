/**
 * Runs beside each build, on CodeBuild's machine (lib/stages/buildspec.ts), until the machine goes. By any Node from 18 on: the
 * machine's own.
 */
import { parse, parseJson } from '#core/errors.ts';
import { authorizationOf } from './credential.ts';
import { Env, IndexWays } from './env.ts';
import { makeProxy } from './proxy.ts';

const env = parse(Env, process.env, 'the environment of the proxy');
const { EGRESS_ALLOW: allow, EGRESS_LISTEN: listen } = env;
const say = (line: string) => console.log(`[egress] ${line}`);
const ways = parseJson(IndexWays, env.EGRESS_INDEXES, 'EGRESS_INDEXES');
const indexes = await Promise.all(
  ways.map(async ({ credential, ...way }) => ({
    ...way,
    authorization: await authorizationOf(credential, say),
  })),
);
const server = makeProxy({ allow, indexes, say });
const [host = '', port] = listen.split(':');
const where = port === undefined ? { path: listen } : { host, port: Number(port) };
server.listen(where, () => say(`listens at ${listen}`));
// What fails of one connection ends it and nothing else.
process.on('uncaughtException', (error) => say(`failed: ${error.message}`));
