/** Commands behind the shim, which is process 1 there as it is in a container. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { Slot } from '../../worker/slot.ts';
import { commandContract } from './command-contract.ts';
import { buildShim, ShimWorld } from './shim.ts';
import { WorkerWorld } from './world.ts';

let program = '';
beforeAll(async () => {
  program = await buildShim();
}, 600_000);

const sh = (script: string): string[] => ['sh', '-c', script];
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');

commandContract('behind the shim', async () => {
  const world = new ShimWorld(program);
  return { runner: await world.slot, close: () => world.close() };
});

it('is called by a shim that comes before it may be', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slot-'));
  execFileSync(program, ['install', folder]);
  const path = join(folder, 'control');
  const server = createServer().listen({ path });
  await once(server, 'listening');
  chmodSync(path, 0);
  // In a pod it has another number than the worker; here it is no more than its file's owner, whoever runs this test.
  const bare = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];
  const [file = '', ...args] = [...bare, join(folder, 'shim'), 'serve', folder];
  const shim = spawn(file, args, { stdio: 'ignore' });
  const ended = once(shim, 'exit');
  const called = once(server, 'connection').then(() => 'called');
  const first = await Promise.race([called, ended.then(() => 'gone'), sleep(500, 'waits')]);
  expect(first).toBe('waits');
  chmodSync(path, 0o777);
  expect(await Promise.race([called, ended.then(() => 'gone')])).toBe('called');
  shim.kill('SIGKILL');
  await ended;
  server.close();
  rmSync(folder, { recursive: true });
});

describe('a slot', () => {
  const run = async (
    script: string,
    more: ConstructorParameters<typeof WorkerWorld>[0] = {},
    count = 100,
  ) => {
    const shim = new ShimWorld(program);
    const world = new WorkerWorld({ command: sh(script), maxFailures: 1, ...more }, await shim.slot);
    await world.enqueue({ a: lines(count) }, 500);
    await world.work();
    const [states, output] = [await world.states(), await world.output()];
    await shim.close();
    return { states, output };
  };

  it('runs one command after the other through the same FIFOs', async () => {
    const { states, output } = await run('cat', {}, 1000);
    expect(states.length).toBeGreaterThan(15);
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['committed']));
    expect(output).toBe(lines(1000));
  });

  it('lets programs open their input and output by their paths', async () => {
    expect((await run('cat /dev/stdin > /dev/stdout')).output).toBe(lines(100));
  });

  it('ends what left its group and its session too, before the next command', async () => {
    // It would write into the next command's output, for as long as it lives.
    const script =
      'cat; n=$(ps -e -o comm= | grep -c sleep); [ $n = 0 ] || echo left; setsid sleep 300 & disown 2>/dev/null; true';
    expect((await run(script)).output).toBe(lines(100));
  });

  it('whose container is killed has failed for want of memory, and takes no other chunk', async () => {
    const shim = new ShimWorld(program);
    const world = new WorkerWorld(
      { command: sh('cat >/dev/null; sleep 300'), maxFailures: 1 },
      await shim.slot,
    );
    await world.enqueue({ a: lines(100) }, 500);
    const working = world.work();
    while ((await world.states())[0]?.state !== 'leased') await sleep(5);
    shim.kill();
    await working;
    expect(await world.states()).toMatchObject([{ state: 'failed', lastFailure: { kind: 'out-of-memory' } }]);
    expect(world.queue.size).toBeGreaterThan(0);
    await shim.close();
  });

  it('ends with its worker, and all of its command with it', async () => {
    const shim = new ShimWorld(program);
    const slot = await shim.slot;
    const { exit } = await slot.start(sh('sleep 300 & setsid sleep 300'), {});
    slot.close();
    await shim.ended;
    expect((await exit).signal).toBe('SIGKILL');
    await shim.close();
  });

  it('is spoken for by the first who calls, and by nobody after', async () => {
    const shim = new ShimWorld(program);
    await shim.slot;
    const late = createConnection(join(shim.folder, 'control'));
    const error = await new Promise((resolve) => late.once('error', resolve));
    expect(error).toMatchObject({ code: 'ENOENT' });
    await shim.close();
  });

  it('opens nothing that is no FIFO', async () => {
    const shim = new ShimWorld(program);
    const slot = await shim.slot;
    // As if the command could: of the worker's own files.
    writeFileSync(join(shim.folder, 'secret'), 'a token');
    rmSync(join(shim.folder, 'out'));
    symlinkSync(join(shim.folder, 'secret'), join(shim.folder, 'out'));
    await expect(slot.start(sh('true'), {})).rejects.toThrow();
    expect(readFileSync(join(shim.folder, 'secret'), 'utf8')).toBe('a token');
    await shim.close();
  });

  it.each([
    ['no JSON', 'nonsense\n', "the shim's word is not JSON"],
    ['no word of a shim', '{"is":"root"}\n', "the shim's word is not valid"],
    ['a line without an end', 'x'.repeat(20_000), 'the shim said more than 10000 characters'],
  ])('believes nobody who says %s, and blames no memory for it', async (_, said, why) => {
    const folder = mkdtempSync(join(tmpdir(), 'slot-'));
    execFileSync(program, ['install', folder]);
    const opening = Slot.open(folder, AbortSignal.timeout(10_000));
    const held = ['in', 'out', 'err'].map((name) => openSync(join(folder, name), constants.O_RDWR));
    const caller = createConnection(join(folder, 'control'));
    caller.setEncoding('utf8').on('error', () => undefined);
    caller.on('data', (order: string) => caller.write(order.includes('"run"') ? '{"is":"open"}\n' : said));
    const slot = await opening;
    const { exit, stdin, stdout, stderr } = await slot.start(sh('true'), {});
    expect(await exit).toMatchObject({ code: 127, why: expect.stringContaining(why), oomKills: undefined });
    expect(slot.gone).toBe(true);
    for (const stream of [stdin, stdout, stderr]) stream.destroy();
    held.forEach(closeSync);
    rmSync(folder, { recursive: true });
  });

  it('gives up where nobody calls and it is told to', async () => {
    const shim = new ShimWorld(program);
    await shim.close();
    await expect(Slot.open('/tmp', AbortSignal.abort(new Error('told')))).rejects.toThrow('told');
  });
});
