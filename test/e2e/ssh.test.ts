/**
 * Issue 5's "Done when": an environment with packages from Debian and PyPI, asked for through the API alone; people log in to
 * it by keys that they added there, as they do anywhere else; a revoked key ends its sessions; resized, stopped, started, deleted.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PersonKeyItems } from '#adapters/aws/person-keys.ts';
import { withFingerprint } from '#api/fingerprint.ts';
import { hostKeyObjects } from '#core/host-key-objects.ts';
import { EnvironmentKey, environmentId, namespaceOf, TeamName } from '#core/names.ts';
import { addKey } from '#core/person-key.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { ApiError } from '../../api/client/client.ts';
import { access, cloud, output } from './cloud.ts';
import { clusterClientOf, kubectl } from './kubectl.ts';
import { comes as comesTo } from './phases.ts';
import { containersOf, giveMemory, memoryLimits } from './pods.ts';
import { endOf, type KeyPair, ran, SshClient } from './ssh-client.ts';

const run = promisify(execFile);
const key = EnvironmentKey.parse({ team: 'checkout', name: `s-${Date.now().toString(36).slice(-6)}` });
const id = environmentId(key);
const namespace = namespaceOf(key);
const name = `${key.name}.${key.team}.schwifty.example`;
const spec = {
  base: 'debian-12',
  packages: { apt: [{ name: 'busybox' }], pip: [{ name: 'idna', version: '3.10' }] },
  // Without SSH there is no workspace. As the first process of its container httpd would not end when it is told to: each pod
  // would take the 30 seconds until it is killed.
  command: ['/bin/sh', '-c', 'cd /workspace || cd /tmp; trap "exit 0" TERM; busybox httpd -f -p 9000 & wait'],
  resources: { cpu: 0.05, memoryMiB: 32 },
  access: { ssh: true, memoryMiB: 128 },
};
const volume = { sizeGiB: 1, class: 'gp3', access: 'ReadWriteOnce' } as const;

let alice: Person;
let bob: Person;
let carol: Person;
let address = '';
const client = new SshClient(name, () => address);
let hers: KeyPair;
let carols: KeyPair;
let carolsId = '';

/** Of this machine, as the node sees it: not the node's own. */
const fromHere = expect.stringMatching(new RegExp(`^${new URL(access.api).hostname}:\\d+$`));
/** By then: two to look around, five to bring files and forward a port, two of which one is ended. */
const logins = 9;

const comes = (phase: string, seconds: number) => comesTo(alice.client, id, phase, seconds);

/** By its name, as anybody would find it. */
async function resolve(): Promise<string> {
  const { host, port } = cloud.dns;
  return until(`${name} in DNS`, 60, async () => {
    const { stdout } = await run('dig', ['+short', `@${host}`, '-p', String(port), name]);
    return stdout.trim().split('\n').filter(Boolean).at(-1);
  });
}

/** Of pods that are replaced, the one that goes is led to for a moment after the new one is Ready. */
const says = (word: string): Promise<string> =>
  until('a login', 30, async () => {
    const { code, stdout } = await client.ssh(hers, `echo ${word}`);
    return code === 0 ? stdout : undefined;
  });

describe('SSH and SFTP', () => {
  beforeAll(async () => {
    [alice, bob] = await Promise.all([signIn(access, 'alice'), signIn(access, 'bob')]);
    carol = await signIn(access, `carol-${Date.now().toString(36)}`, ['checkout-members']);
    [hers, carols] = await Promise.all([client.keyPair('alice'), client.keyPair('carol')]);
  });
  afterAll(async () => {
    client.close();
    await alice.client.delete(id).catch((error: unknown) => {
      if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
    });
  });

  it('an environment with packages of Debian and PyPI is asked for with SSH, and says by which key it is known', async () => {
    const before = (await alice.client.usage('checkout')).used;
    await alice.client.create({ ...key, spec });
    // The server's and the gate's memory counts.
    expect((await alice.client.usage('checkout')).used.memoryMiB).toBe(before.memoryMiB + 32 + 128 + 96);
    const { environment } = await comes('awaiting-approval', 300);
    if (environment.candidate.phase !== 'awaiting-approval') throw new Error(environment.candidate.phase);
    await bob.client.approve(id, environment.candidate.image.digest);
    const { sshHostKey } = (await comes('ready', 180)).environment;
    expect(sshHostKey).toMatchObject({
      publicKey: expect.stringMatching(/^ssh-ed25519 /),
      fingerprint: expect.stringMatching(/^SHA256:/),
    });
    client.know(sshHostKey?.publicKey ?? '');
    address = await resolve();
    await alice.client.addKey('checkout', hers.publicLine);
    carolsId = (await carol.client.addKey('checkout', carols.publicLine)).id;
  });

  it('people log in by their keys, with a terminal too, and find what was installed', async () => {
    const command = 'id -u; pwd; python3 -c "import idna; print(idna.__version__)"; busybox echo from Debian';
    expect(await client.ssh(hers, command)).toMatchObject({
      code: 0,
      stdout: '10001\n/workspace\n3.10\nfrom Debian\n',
    });
    const terminal = await client.ssh(carols, 'tty; exit 7', ['-tt']);
    expect(terminal).toMatchObject({ code: 7, stdout: expect.stringMatching(/^\/dev\/pts\/\d+\r\n$/) });
  });

  it('scp, sftp and rsync bring files, which the application sees; a forwarded port reaches it', async () => {
    const [file, back] = [join(client.folder, 'page.txt'), join(client.folder, 'back.txt')];
    writeFileSync(file, 'by scp\n');
    expect(await ran('scp', [...client.options(hers), file, `${client.host}:`])).toMatchObject({ code: 0 });
    expect(await ran('scp', [...client.options(hers), '-O', file, `${client.host}:old.txt`])).toMatchObject({
      code: 0,
    });
    const batch = `rename page.txt moved.txt\nget moved.txt ${back}\n`;
    expect(await ran('sftp', [...client.options(hers), '-b', '-', client.host], batch)).toMatchObject({
      code: 0,
    });
    expect(readFileSync(back, 'utf8')).toBe('by scp\n');
    const shell = ['ssh', ...client.options(hers)].join(' ');
    expect(
      await ran('rsync', ['--archive', '--checksum', '-e', shell, file, `${client.host}:synced/`]),
    ).toMatchObject({ code: 0 });
    expect(await (await fetch(`http://${address}/synced/page.txt`)).text()).toBe('by scp\n');

    const forward = ['-o', 'ExitOnForwardFailure=yes', '-L', '127.0.0.1:29000:127.0.0.1:9000'];
    const session = client.session(hers, 'echo there; cat', forward);
    const end = endOf(session);
    await once(session.stdout ?? session, 'data');
    expect(await (await fetch('http://127.0.0.1:29000/moved.txt')).text()).toBe('by scp\n');
    session.stdin?.end();
    expect(await end).toMatchObject({ code: 0 });
  });

  it('a key that nobody added, one of another team, a password and another name are refused', async () => {
    const denied = { code: 255, stderr: expect.stringMatching(/Permission denied \(publickey\)/) };
    expect(await client.ssh(await client.keyPair('stranger'), 'id')).toMatchObject(denied);
    const others = await client.keyPair('other-team');
    const team = TeamName.parse(`other-${key.name}`);
    const line = withFingerprint(PublicKeyLine.parse(others.publicLine));
    const added = addKey({ team, person: 'mallory', key: line, known: [], now: new Date().toISOString() });
    if (!('state' in added) || added.state !== 'good')
      throw new Error('the key of another team was not made');
    await new PersonKeyItems(output('TableName'), new DynamoDBClient(access.sdk)).add(added);
    expect(await client.ssh(others, 'id')).toMatchObject(denied);
    expect(
      await client.ssh(undefined, 'id', ['-o', 'PreferredAuthentications=password,keyboard-interactive']),
    ).toMatchObject(denied);
    expect(await client.ssh(hers, 'id', ['-l', 'root'])).toMatchObject(denied);
  });

  it('a revoked key ends its sessions in five seconds and is refused from then on; others go on', async () => {
    const [doomed, other] = [client.session(carols, 'echo in; cat'), client.session(hers, 'echo in; cat')];
    const [end, otherEnd] = [endOf(doomed), endOf(other)];
    await Promise.all([doomed, other].map((session) => once(session.stdout ?? session, 'data')));
    const before = performance.now();
    await carol.client.revokeKey('checkout', carolsId);
    expect((await client.ssh(carols, 'id')).code).toBe(255);
    expect((await end).code).toBe(255);
    expect(performance.now() - before).toBeLessThan(5_000);
    other.stdin?.end('still here\n');
    expect(await otherEnd).toMatchObject({ code: 0, stdout: expect.stringContaining('still here') });
  });

  it('who logged in, by which key, when and from where is in the logs, out of reach of whoever logs in', async () => {
    const lines = (await kubectl('-n', namespace, 'logs', 'deployment/app', '-c', 'ssh-gate'))
      .split('\n')
      .filter(Boolean)
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'session ended',
        people: [carol.name],
        keys: [carolsId],
        why: 'key revoked',
        from: fromHere,
      }),
    );
    const service = await kubectl(
      ...['-n', 'getschwifty-system', 'logs', '-l', 'app.kubernetes.io/name=access', '--tail=-1'],
    );
    expect(service).toContain(`"environment":"${id}"`);
    expect(service).toContain(`"person":"${carol.name}"`);
  });

  it('each login, and none of those refused, is told by the API: who, by which key, from where, and how it ended', async () => {
    const sessions = await until('the ends of all sessions', 30, async () => {
      const all = await alice.client.sessions(id, 100);
      return all.length === logins && all.every(({ state }) => state === 'ended') ? all : undefined;
    });
    expect(new Set(sessions.map(({ person }) => person))).toEqual(new Set([alice.name, carol.name]));
    expect(sessions.filter(({ why }) => why === 'key revoked')).toEqual([
      expect.objectContaining({ person: carol.name, key: carolsId, from: fromHere }),
    ]);
    const began = sessions.map(({ beganAt }) => beganAt);
    expect(began).toEqual(began.toSorted().reverse());
  });

  it('a resize, a stop and a start keep the host key and what is on its volume; people log in after each', async () => {
    const { environment } = await alice.client.get(id);
    await alice.client.change(id, { ...environment.spec, volume });
    await comes('ready', 180);
    expect(await says('with-a-volume > /workspace/kept')).toBe('');
    await giveMemory(alice.client, key, 48);
    await comes('ready', 180);
    expect(await memoryLimits(key)).toEqual(['48Mi']);
    expect(await says('resized')).toBe('resized\n');
    const last = client.session(hers, 'echo in; cat');
    const end = endOf(last);
    await once(last.stdout ?? last, 'data');
    await alice.client.stop(id);
    await comes('stopped', 120);
    expect((await end).code).toBe(255);
    expect((await alice.client.sessions(id, 1))[0]).toMatchObject({ why: 'pod ended' });
    expect((await client.ssh(hers, 'id')).code).toBe(255);
    await alice.client.start(id);
    await comes('ready', 180);
    expect(await says('started >> /workspace/kept; cat /workspace/kept')).toBe('with-a-volume\nstarted\n');
  });

  it('is taken away and given again without a build, and keeps its host key', async () => {
    const { environment } = await alice.client.get(id);
    await alice.client.change(id, { ...environment.spec, access: { ssh: false, memoryMiB: 128 } });
    await comes('ready', 180);
    expect(await containersOf(key)).toEqual(['app']);
    const ports = 'jsonpath={.spec.ports[*].port}';
    expect(await kubectl('-n', namespace, 'get', 'service', 'app', '--output', ports)).toBe('80');
    expect((await client.ssh(hers, 'id')).code).toBe(255);
    await alice.client.change(id, environment.spec);
    await comes('ready', 180);
    expect(await says('again >> /workspace/kept; cat /workspace/kept')).toBe(
      'with-a-volume\nstarted\nagain\n',
    );
  });

  it('the deployer makes host keys of environments, never reads one, and makes no other Secret', async () => {
    const deployer = await clusterClientOf(output('DeployMainFunctionName'));
    const [secret] = hostKeyObjects(key, { privateKey: 'x', publicKey: 'x', fingerprint: 'SHA256:e2e' });
    expect(await deployer.create(secret)).toBe(true);
    expect(await deployer.create(secret)).toBe(false);
    const other = { ...secret, metadata: { ...secret.metadata, name: 'other' } };
    await expect(deployer.create(other)).rejects.toThrow(/host keys of environments and no other Secret/);
    const elsewhere = { ...secret, metadata: { ...secret.metadata, namespace: 'getschwifty-system' } };
    await expect(deployer.create(elsewhere)).rejects.toThrow(/host keys of environments and no other Secret/);
    const token = { ...secret, metadata: { ...other.metadata, name: 'ssh-host-key-x' } };
    await expect(
      deployer.create({ ...token, type: 'kubernetes.io/service-account-token' }),
    ).rejects.toThrow();
    await expect(deployer.apply([secret])).rejects.toThrow(/cannot patch resource|forbidden/);
  });

  it('is deleted, with its host key', async () => {
    await alice.client.delete(id);
    // How the last of it goes, test/e2e/lifecycle.test.ts shows: that is minutes later.
    await until('the end of its namespace', 120, async () =>
      (await kubectl('get', 'namespace', namespace, '--ignore-not-found')) === '' ? true : undefined,
    );
    expect((await client.ssh(hers, 'id')).code).toBe(255);
  });
});
