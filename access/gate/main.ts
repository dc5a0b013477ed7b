/** Entry of the gate: one beside the SSH server of each pod. */
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpAccess } from '#adapters/access-client.ts';
import { makeLog } from '#adapters/log.ts';
import { sshPorts } from '#core/access.ts';
import { parse } from '#core/errors.ts';
import { askEveryMs, unjudgedWords } from '#core/gate.ts';
import { Env } from './env.ts';
import { Gate } from './gate.ts';

/** A port and a fingerprint. */
const longestQuestion = 200;
const questionMs = 10_000;

const env = parse(Env, process.env, "the gate's environment");
const log = makeLog({ service: 'ssh-gate' });
const stopping = new AbortController();
const { signal } = stopping;
const gate = new Gate({
  access: new HttpAccess({ url: env.ACCESS_URL, tokenFile: env.TOKEN_FILE }),
  connect: () => connect({ host: '127.0.0.1', port: sshPorts.server, noDelay: true }),
  now: () => performance.now(),
  log,
});

const outside = createServer({ pauseOnConnect: false }, (client) => gate.accept(client));
const inside = createServer({ allowHalfOpen: true }, question);
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort(name));
// Whoever can't listen must not look as if it did: the kubelet starts it again.
for (const server of [outside, inside])
  server.on('error', (error) => {
    log.error('the gate does not listen', error);
    process.exit(1);
  });
inside.listen(sshPorts.ask, '127.0.0.1', () => outside.listen(sshPorts.gate));
log.info('listening', { port: sshPorts.gate });

while (!signal.aborted) {
  await gate.watch();
  await sleep(askEveryMs, undefined, { signal }).catch(() => undefined);
}
log.info('stopping', { why: signal.reason });
outside.close();
inside.close();
gate.close();

/** `<port> <fingerprint>`, from sshd's command for keys. */
function question(asker: Socket): void {
  let text = '';
  asker.on('error', () => undefined);
  asker.setTimeout(questionMs, () => asker.destroy());
  asker.setEncoding('utf8').on('data', (part) => {
    if (text.includes('\n')) return;
    text += String(part);
    if (text.length > longestQuestion) asker.destroy();
    else if (text.includes('\n')) void answer(asker, text);
  });
}

async function answer(asker: Socket, text: string): Promise<void> {
  const [, port, fingerprint] = /^(\d{1,5}) (\S+)\n/.exec(text) ?? [];
  try {
    asker.end(port && fingerprint ? await gate.keyFor(Number(port), fingerprint) : '');
  } catch (error) {
    // No answer is a no.
    log.error(unjudgedWords, error);
    asker.end('');
  }
}
