/**
 * Runs beside each build, on CodeBuild's machine (lib/stages/buildspec.ts), until the machine goes. By any Node from 18 on: the
 * machine's own.
 */
import { parse } from '#core/errors.ts';
import { Env } from './env.ts';
import { makeProxy } from './proxy.ts';

const { EGRESS_ALLOW: allow, EGRESS_LISTEN: listen } = parse(
  Env,
  process.env,
  'the environment of the proxy',
);
const say = (line: string) => console.log(`[egress] ${line}`);
const server = makeProxy({ allow, say });
const [host = '', port] = listen.split(':');
const where = port === undefined ? { path: listen } : { host, port: Number(port) };
server.listen(where, () => say(`listens at ${listen}`));
// What fails of one connection ends it and nothing else.
process.on('uncaughtException', (error) => say(`failed: ${error.message}`));
