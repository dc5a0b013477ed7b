/**
 * `node confined.ts WAYS COMMAND…` in a network namespace of its own: the addresses of WAYS are this namespace's, and lead to sockets
 * outside of it. There is no other interface, and so no other way.
 */
import { execFileSync, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { parseJson } from '#core/errors.ts';
import * as z from '#core/zod.ts';

const Ways = z.array(z.object({ host: z.string(), port: z.int(), path: z.string() }));

const [given = '', command = '', ...args] = process.argv.slice(2);
const ways = parseJson(Ways, given, 'the ways out');
const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });

ip('link', 'set', 'lo', 'up');
for (const host of new Set(ways.map((way) => way.host)))
  if (!host.startsWith('127.')) ip('addr', 'add', `${host}/32`, 'dev', 'lo');
for (const { host, port, path } of ways) {
  const server = createServer((inside) => {
    const outside = connect(path);
    for (const end of [inside, outside]) end.on('error', () => [inside, outside].map((it) => it.destroy()));
    inside.pipe(outside).pipe(inside);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
}
const child = spawn(command, args, { stdio: 'inherit' });
child.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on('close', (code) => process.exit(code ?? 1));
