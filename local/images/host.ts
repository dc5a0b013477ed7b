/**
 * What of this machine's settings a build needs to reach Debian, PyPI and npm from here: mirrors, proxies and the
 * certificates that this machine trusts. Builds see it while they run; no image keeps any of it.
 */
import { existsSync } from 'node:fs';
import { attempt, capture } from '#local/setup/run.ts';

export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

const suites = ['bookworm', 'bookworm-updates', 'bookworm-security'];

/** Asked of three programs, some three seconds together: once, and not again for each build of the same services. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

/** The mirrors of Debian 12 that this machine uses; none on a machine of another system: mmdebstrap knows Debian's own. */
export const aptSources = once(async (): Promise<readonly AptSource[]> => {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const targets = await capture('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const entries = targets
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([uri, suite, component]) => uri && suites.includes(suite ?? '') && component === 'main');
  const used = new Map(
    entries.map(([uri = '', suite = '']) => [suite, { uri, suite, components: ['main'] }]),
  );
  return suites.every((suite) => used.has(suite)) ? [...used.values()] : [];
});

/** As /etc/apt/sources.list.d/debian.sources has it. */
export function deb822(sources: readonly AptSource[]): string {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  return sources
    .map(
      ({ uri, suite, components }) =>
        `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: ${components.join(' ')}\nSigned-By: ${keyring}\n`,
    )
    .join('\n');
}

/** The bundle of certificates that this machine trusts: its own, or the one that its tools were told to use. */
export function certificates(): string | undefined {
  const named = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE'].map(
    (name) => process.env[name],
  );
  return [...named, '/etc/ssl/certs/ca-certificates.crt'].find(
    (path) => path !== undefined && existsSync(path),
  );
}

const pipKeys = ['index-url', 'extra-index-url', 'trusted-host', 'proxy', 'timeout', 'retries'];
const npmKeys = ['registry', 'proxy', 'https-proxy', 'noproxy', 'strict-ssl'];

/** Lines for a pip.conf. pip lists its environment after its files, and so in the order in which they count. */
export const pipSettings = once(async (): Promise<readonly string[]> => {
  const { stdout } = await attempt('python3', ['-m', 'pip', 'config', 'list']);
  const settings = new Map<string, string>();
  for (const [, key = '', value = ''] of stdout.matchAll(/^[\w:]+\.([\w-]+)='(.*)'$/gm))
    settings.set(key, value);
  return [...settings].filter(([key]) => pipKeys.includes(key)).map(([key, value]) => `${key} = ${value}`);
});

/** Lines for an npmrc. */
export const npmSettings = once(async (): Promise<readonly string[]> => {
  const { stdout } = await attempt('npm', ['config', 'get', ...npmKeys]);
  return stdout.split('\n').filter((line) => /^[\w-]+=.+$/.test(line) && !line.endsWith('=null'));
});

/** Proxies, which buildah hands on to RUN by itself. */
export function proxies(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(?:https?|ftp|no|all)_proxy$/i.test(name)),
  );
}

/** The hosts of all these, with their ports where they have any. */
export async function mirrors(): Promise<readonly string[]> {
  const lines = [
    ...(await aptSources()).map(({ uri }) => uri),
    ...(await pipSettings()),
    ...(await npmSettings()),
  ];
  const urls = lines.flatMap((line) => line.match(/https?:\/\/[^\s,]+/g) ?? []);
  return [...new Set(urls.filter((url) => URL.canParse(url)).map((url) => new URL(url).host))];
}
