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
import { Reports } from './reports.ts';

/** A port and a fingerprint, and a word before them. */
const longestQuestion = 200;
/** For what is to be told of sessions that end with the pod. */
const lastWordsMs = 5_000;
const questionMs = 10_000;

const env = parse(Env, process.env, "the gate's environment");
const log = makeLog({ service: 'ssh-gate' });
const stopping = new AbortController();
const { signal } = stopping;
const access = new HttpAccess({ url: env.ACCESS_URL, tokenFile: env.TOKEN_FILE });
const reports = new Reports(access, log);
const gate = new Gate({
  access,
  reports,
  connect: () => connect({ host: '127.0.0.1', port: sshPorts.server, noDelay: true }),
  now: () => performance.now(),
  clock: () => new Date(),
  log,
});

const outside = createServer({ pauseOnConnect: false }, (client) => gate.accept(client));
const inside = createServer({ allowHalfOpen: true }, question);
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort(name));
// At once: a round that waits for its answer would go on, and the server ends soon.
signal.addEventListener('abort', () => {
  outside.close();
  inside.close();
  gate.close();
});
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
  await reports.tell();
  await sleep(askEveryMs, undefined, { signal }).catch(() => undefined);
}
log.info('stopping', { why: signal.reason });
const deadline = performance.now() + lastWordsMs;
do {
  // A turn for connections to close in.
  await sleep(200);
  await reports.tell();
} while ((reports.waiting > 0 || gate.connections > 0) && performance.now() < deadline);

/** `<port> <fingerprint>`, from sshd's command for keys; with `accepted ` before it, from what reads sshd's log. */
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
  const [, accepted, port, fingerprint] = /^(accepted )?(\d{1,5}) (\S+)\n/.exec(text) ?? [];
  if (accepted && port && fingerprint) {
    gate.accepted(Number(port), fingerprint);
    asker.end();
    return;
  }
  try {
    asker.end(port && fingerprint ? await gate.keyFor(Number(port), fingerprint) : '');
  } catch (error) {
    // No answer is a no.
    log.error(unjudgedWords, error);
    asker.end('');
  }
}
