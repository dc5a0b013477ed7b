import { expect, test } from 'vitest';
import { distribution } from '#local/setup/facts.ts';
import { assess, type Facts } from '#local/setup/preflight.ts';

const good: Facts = {
  platform: 'linux',
  arch: 'x64',
  root: true,
  distribution: { id: 'debian', like: [], version: '12' },
  apt: true,
  python: { version: '3.11.2', venv: true, fromDistribution: true },
  memory: 16e9,
  disk: {
    cache: { folder: '/root', free: 50e9, device: 1 },
    state: { folder: '/var/lib', free: 50e9, device: 1 },
  },
  cgroup: 1,
  cgroupWritable: true,
  namespaces: true,
  overlay: true,
  veth: true,
};
const needed = { cache: 5e9, state: 3e9 };

test('a Debian 12 machine passes without a word', () => {
  expect(assess(good, needed)).toEqual({ problems: [], warnings: [] });
});

const room = (cache: number, state: number, devices: [number, number]): Facts['disk'] => ({
  cache: { folder: '/root', free: cache, device: devices[0] },
  state: { folder: '/var/lib', free: state, device: devices[1] },
});

test.each<[string, Partial<Facts>, RegExp]>([
  ['another system', { platform: 'darwin' }, /This is darwin; .* Debian 12 virtual machine/],
  ['another processor', { arch: 'riscv64' }, /riscv64/],
  ['not root', { root: false }, /not root.*sudo/],
  ['no apt', { apt: false }, /use Debian or Ubuntu/],
  ['Fedora', { distribution: { id: 'fedora', like: [''], version: '42' } }, /fedora 42/],
  ['no Python', { python: undefined }, /no python3.*apt-get install python3/],
  [
    'old Python',
    { python: { version: '3.9.2', venv: true, fromDistribution: true } },
    /3\.9\.2; 3\.10 or later/,
  ],
  [
    'Python without venv that apt cannot mend',
    { python: { version: '3.12.1', venv: false, fromDistribution: false } },
    /no venv/,
  ],
  ['little memory', { memory: 2e9 }, /2\.0 GB of memory; 4\.0 GB/],
  ['one full disk for both', { disk: room(7e9, 7e9, [1, 1]) }, /7\.0 GB free and 8\.0 GB are needed/],
  ['a full disk for the cache', { disk: room(4e9, 50e9, [1, 2]) }, /\/root has 4\.0 GB free and 5\.0 GB/],
  ['no namespaces', { namespaces: false }, /privileged/],
  ['no overlay', { overlay: false }, /overlay/],
  ['no veth', { veth: false }, /veth/],
  ['no cgroup', { cgroup: undefined }, /cgroup/],
  ['cgroup read-only', { cgroupWritable: false }, /read-only/],
])('%s: a problem that says what to do', (_, change, message) => {
  const { problems } = assess({ ...good, ...change }, needed);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(message);
});

test.each<[string, Partial<Facts>]>([
  [
    'venv missing from Debian’s own Python, which apt adds',
    { python: { version: '3.11.2', venv: false, fromDistribution: true } },
  ],
  ['what cannot be told', { overlay: 'unknown', veth: 'unknown' }],
  ['two disks with room', { disk: room(6e9, 4e9, [1, 2]) }],
])('%s: no problem', (_, change) => {
  expect(assess({ ...good, ...change }, needed).problems).toEqual([]);
});

test.each<[string, Partial<Facts>, RegExp]>([
  [
    'Ubuntu',
    { distribution: { id: 'ubuntu', like: ['debian'], version: '24.04' } },
    /Tested on Debian 12; this is ubuntu 24\.04/,
  ],
  ['Debian 13', { distribution: { id: 'debian', like: [], version: '13' } }, /debian 13/],
  ['cgroup v2', { cgroup: 2 }, /untested/],
  ['tight memory', { memory: 5e9 }, /5\.0 GB/],
])('%s: a warning, not a problem', (_, change, message) => {
  const { problems, warnings } = assess({ ...good, ...change }, needed);
  expect(problems).toEqual([]);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(message);
});

test('os-release is read with and without quotes', () => {
  expect(distribution('ID=ubuntu\nID_LIKE="debian"\nVERSION_ID="24.04"\n')).toEqual({
    id: 'ubuntu',
    like: ['debian'],
    version: '24.04',
  });
  expect(distribution('').id).toBe('an unknown system');
});
