/** A build runs strangers' code: what reads its source and pushes its image is not in sight of it. */
import { expect, test } from 'vitest';
import { until } from '#local/demo/world.ts';
import { keyOf } from '../contracts/samples.ts';
import { build, builder } from './strangers-build.ts';

const run = Date.now().toString(36);

/**
 * Ends with 1 where it finds what looks like a credential: in the environment of any process that it sees, where tools keep
 * theirs, and behind the addresses where machines and containers are given them.
 */
const search = String.raw`#!/bin/bash
found=0
say() { echo "found: $1"; found=1; }
ask() {
  timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/80"; printf "GET /%s HTTP/1.0\r\n\r\n" "$2" >&3; head -c 12 <&3' - \
    "$(echo "$1" | cut -d/ -f1)" "$(echo "$1" | cut -d/ -f2-)"
}
secret='^(AWS_(ACCESS|SECRET|SESSION|CONTAINER)|[A-Z_]*(TOKEN|PASSWORD|SECRET|AUTH))'
for environment in /proc/[0-9]*/environ; do
  if tr '\0' '\n' 2>/dev/null < "$environment" | grep -Eq "$secret"; then say "$environment"; fi
done
for file in ~/.docker/config.json ~/.aws/credentials ~/.netrc /run/secrets/* /run/containers/*/auth.json \
  /var/run/docker.sock /run/buildkit/buildkitd.sock /proc/[0-9]*/root/root/.docker/config.json; do
  if [ -e "$file" ]; then say "$file"; fi
done
for address in 169.254.169.254/latest/meta-data/iam/security-credentials/ 169.254.170.2/ 169.254.170.23/; do
  answer="$(ask "$address" 2>/dev/null)"
  case "$answer" in *' 200'*) say "$address" ;; esac
done
exit $found
`;

/** @returns why it failed; undefined where it found nothing. */
async function searched(name: string, ...planted: readonly string[]): Promise<string | undefined> {
  const key = keyOf('checkout', `${name}-${run}`);
  const id = await build(key, [...planted, 'COPY search.sh /search.sh', 'RUN bash /search.sh'], {
    'search.sh': search,
  });
  const ended = await until('the end of the build', 300, async () => {
    const status = await builder.status(id);
    return status.ended ? status : undefined;
  });
  return ended.failure;
}

test('no credential is visible inside RUN', async () => {
  expect(await searched('iso')).toBeUndefined();
});

test.each([
  ['in an environment variable', 'ENV AWS_SECRET_ACCESS_KEY=planted'],
  ['in a file', 'RUN mkdir -p /root/.docker && echo "{}" > /root/.docker/config.json'],
])('the search would find one %s', async (where, instruction) => {
  expect(await searched(where.endsWith('file') ? 'iso-file' : 'iso-env', instruction)).toMatch(/^FAILED/);
});
