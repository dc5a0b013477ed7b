/** SSH into an image that has one static program, and neither a shell nor a user: people find what OpenSSH's own container brings. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { releaseTag, repositoryOf } from '#core/image.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { digestOf } from '../contracts/samples.ts';
import { access } from './cloud.ts';
import { comes } from './phases.ts';
import { push } from './push.ts';
import { forget, Story } from './releases.ts';
import { type KeyPair, ran, SshClient } from './ssh-client.ts';

const story = new Story('bare', { access: { ssh: true, memoryMiB: 64 } });
const program = '/tool/busybox';
let alice: Person;
let hers: KeyPair;
let hersId = '';
let address = '';
const client = new SshClient(`${story.key.name}.${story.key.team}.schwifty.example`, () => address);

beforeAll(async () => {
  alice = await signIn(access, 'alice');
  await story.begin();
  const repository = repositoryOf('release', story.key);
  const files = { [program.slice(1)]: readFileSync('/usr/bin/busybox') };
  const serve = [program, 'httpd', '-f', '-p', '9000', '-h', '/workspace'];
  const digest = await push(repository, releaseTag(digestOf(story.id)), files, serve);
  await story.promote(await story.approved(digest));
  const { environment } = await comes(alice.client, story.id, 'ready', 120);
  if (!('address' in environment.release)) throw new Error(environment.release.phase);
  address = environment.release.address;
  hers = await client.keyPair('alice');
  client.know(environment.sshHostKey?.publicKey ?? '');
  hersId = (await alice.client.addKey(story.key.team, hers.publicLine)).id;
});
afterAll(async () => {
  client.close();
  await alice.client.revokeKey(story.key.team, hersId);
  await forget();
});

it('has a shell, and what one looks around with, though the image has none', async () => {
  const look = 'id -u; pwd; ls /tool; ls /bin/sh 2> /dev/null || echo none of its own; echo "$SHELL"';
  expect(await client.ssh(hers, look)).toMatchObject({
    code: 0,
    stdout: '10001\n/workspace\nbusybox\nnone of its own\n/getschwifty/ssh/shell\n',
  });
  const terminal = await client.ssh(hers, 'tty; exit 7', ['-tt']);
  expect(terminal).toMatchObject({ code: 7, stdout: expect.stringMatching(/^\/dev\/pts\/\d+\r\n$/) });
});

it('a login without a command is one too', async () => {
  const args = [...client.options(hers), '-T', client.host];
  expect(await ran('ssh', args, 'echo "in $PWD"\nexit 3\n')).toMatchObject({
    code: 3,
    stdout: 'in /workspace\n',
  });
});

it('scp, sftp and rsync bring files, which the program serves', async () => {
  const file = join(client.folder, 'page.txt');
  writeFileSync(file, 'by scp\n');
  expect(await ran('scp', [...client.options(hers), file, `${client.host}:`])).toMatchObject({ code: 0 });
  expect(await ran('scp', [...client.options(hers), '-O', file, `${client.host}:old.txt`])).toMatchObject({
    code: 0,
  });
  const batch = 'rename page.txt moved.txt\n';
  expect(await ran('sftp', [...client.options(hers), '-b', '-', client.host], batch)).toMatchObject({
    code: 0,
  });
  const shell = ['ssh', ...client.options(hers)].join(' ');
  expect(
    await ran('rsync', ['--archive', '--checksum', '-e', shell, file, `${client.host}:synced/`]),
  ).toMatchObject({ code: 0 });
  for (const path of ['moved.txt', 'old.txt', 'synced/page.txt'])
    expect(await until(path, 30, async () => (await fetch(`http://${address}/${path}`)).text())).toBe(
      'by scp\n',
    );
});
