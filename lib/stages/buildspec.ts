/**
 * What CodeBuild runs. REGISTRY is the project's; REPOSITORY, TAG and CACHE_REPOSITORY come with each build, NO_CACHE
 * (`--no-cache`) with one that is to take nothing of those before it, and GIT_URL, GIT_COMMIT, GIT_FOLDER and
 * GIT_DOCKERFILE with one of a repository: its Dockerfile is built instead of ours; GIT_SECRET with one that is private; LOCK with one whose resolved versions are kept;
 * MADE_OF with what its provenance says, and ATTEST, where the program is that attaches it, is the project's. So are EGRESS, the
 * proxy that is the only way out of RUN, and EGRESS_ALLOW, whom it lets through.
 * No provenance or SBOM in the push: they would make an index of it, whose other children can't be scanned.
 */
import { BuildSpec } from 'aws-cdk-lib/aws-codebuild';
import { languages } from '#core/languages.ts';
import { lockedFile } from '#core/lock.ts';

const cache = 'type=registry,ref=$REGISTRY/$CACHE_REPOSITORY:cache';

/** What a step may print: BuildKit's own limit, said so that it stays. What is beyond is cut, and the step goes on. */
const stepLogs = '--driver-opt env.BUILDKIT_STEP_LOG_MAX_SIZE=2097152';

/**
 * The secret goes from Secrets Manager to Git, by a pipe: no file, no variable, no argument and no log has it. Git asks for it
 * when the host of the URL does, and for no other: it follows nowhere.
 */
const helper =
  '!f() { test "$1" = get || exit 0; aws secretsmanager get-secret-value --secret-id "$GIT_SECRET" --query SecretString --output text | node -e "$GIT_CREDENTIAL"; }; f';
const credential = [
  'let text = ""; process.stdin.on("data", (piece) => { text += piece; }).on("end", () => {',
  'let secret = {}; try { secret = JSON.parse(text); } catch {}',
  'const good = (value) => typeof value === "string" && /^[^\\s]+$/.test(value);',
  'if (good(secret.username) && good(secret.password))',
  'console.log("username=" + secret.username + "\\npassword=" + secret.password);',
  'else { console.error("the secret of this repository has no username and password"); process.exit(1); } });',
].join(' ');

/**
 * By HTTPS alone, from where the URL says, one commit without what came before it. What Git ran it would run here, beside the
 * registry's password: nothing of it does, no submodule and no filter is fetched.
 */
const fetch = [
  `export GIT_TERMINAL_PROMPT=0 GIT_CREDENTIAL='${credential}'`,
  `if [ -n "$GIT_SECRET" ]; then HELPER='${helper}'; else HELPER=; fi`,
  'git init --quiet checkout',
  [
    'git -C checkout -c credential.helper= -c "credential.helper=$HELPER" -c protocol.allow=never -c protocol.https.allow=always -c http.followRedirects=false',
    'fetch --quiet --no-tags --no-recurse-submodules --depth 1 -- "$GIT_URL" "$GIT_COMMIT"',
  ].join(' '),
  'git -C checkout -c advice.detachedHead=false checkout --quiet FETCH_HEAD',
  'rm -rf checkout/.git',
].join(' && ');

/** buildx reads these files itself, wherever they lead: a link could lead to what the build is not to see. */
const noLinks = [
  'for file in "$CONTEXT" "$FILE" "$FILE.dockerignore" "$CONTEXT/.dockerignore"',
  'do if [ -e "$file" ] && [ "$(realpath "$file")" != "$(realpath -s "$file")" ]',
  'then echo "$file is a link: the build takes none for it" >&2; exit 1; fi; done',
].join('; ');

/** Each manager's, by the name of its secret; the instruction that has the secret makes the file. */
const locks = languages.flatMap(({ lock }) => lock ?? []);
const lock = '$REGISTRY/$CACHE_REPOSITORY:$LOCK';

/**
 * Where the stage found one, it must be had: resolving anew without a word would be another image than the one before. Given as a
 * secret, for no cache asks what is in one.
 */
const readLock = [
  `if [ -n "$LOCK" ] && [ -f ${lockedFile} ]; then LOCKED="$(mktemp -d)" && mkdir "$LOCKED/from"`,
  `echo "FROM $(cat ${lockedFile})" > "$LOCKED/from/Dockerfile"`,
  'for try in 1 2 3 4; do if docker buildx build --file "$LOCKED/from/Dockerfile" --output "type=local,dest=$LOCKED/lock" "$LOCKED/from" > "$LOCKED/log" 2>&1',
  'then break; fi',
  'if [ $try = 4 ]; then tail -n 5 "$LOCKED/log" >&2',
  'echo "What was resolved before ($LOCK) can not be read from the registry now: ask for the build again" >&2; exit 1; fi',
  `sleep $((try * \${LOCK_PAUSE:-5})); done`,
  `echo "Built of what is locked in $(cat ${lockedFile})"; SECRET=`,
  `for id in ${locks.map(({ secret }) => secret).join(' ')}; do if [ -f "$LOCKED/lock/$id" ]; then SECRET="$SECRET --secret id=$id,src=$LOCKED/lock/$id"; fi; done; fi`,
].join('; ');

/**
 * Out of the image that was pushed: what it says is what it is made of. Behind the push, for nobody waits for it: without it the next
 * build resolves anew.
 */
const keepLock = [
  'if [ -n "$LOCK" ]; then KEPT="$(mktemp -d)"',
  `printf 'FROM %s AS image\\nFROM scratch\\n' "$REGISTRY/$REPOSITORY:$TAG" > "$KEPT/Dockerfile"`,
  ...locks.map(
    ({ secret, file }) =>
      `if grep -q '^RUN .*--mount=type=secret,id=${secret} ' "$FILE"; then echo 'COPY --from=image ${file} /${secret}' >> "$KEPT/Dockerfile"; fi`,
  ),
  [
    `docker buildx build --progress plain --file "$KEPT/Dockerfile" --tag "${lock}"`,
    '--provenance=false --sbom=false --push "$KEPT" || echo "What it resolved is not kept"; fi',
  ].join(' '),
].join('; ');

/** Behind all else: nobody waits for it, and what is scanned, judged and run is the same without it. */
const attest = [
  'if [ -n "$ATTEST" ]; then { aws s3 cp --quiet "$ATTEST" attest.mjs && node attest.mjs metadata.json; }',
  '|| echo "Not all that belongs to the image is attached to it"; fi',
].join(' ');

/**
 * RUN is where BuildKit is: on a network that leads nowhere but to this machine, where the proxy listens. It is given no name
 * service: the proxy looks names up.
 */
const way = { network: 'builds', subnet: '10.213.7.0/29', gateway: '10.213.7.1' };
const proxy = `${way.gateway}:3128`;
const startProxy = [
  `docker network create --internal --subnet ${way.subnet} --gateway ${way.gateway} ${way.network}`,
  'EGRESS_HOME="$(mktemp -d)" && aws s3 cp --quiet "$EGRESS" "$EGRESS_HOME/egress.mjs"',
  `{ EGRESS_LISTEN="\${EGRESS_LISTEN:-${proxy}}" node "$EGRESS_HOME/egress.mjs" > "$EGRESS_HOME/log" 2>&1 & }`,
  'for try in $(seq 100); do if grep -q " listens " "$EGRESS_HOME/log" || ! kill -0 $! 2> /dev/null; then break; fi; sleep 0.1; done',
  '{ grep -q " listens " "$EGRESS_HOME/log" || { cat "$EGRESS_HOME/log" >&2; false; }; }',
].join(' && ');
/** BuildKit's own way to the registry; RUN has it from the predefined arguments, which no cache asks and no image keeps. */
const proxied = ['http_proxy', 'https_proxy'] as const;
const build = [
  'docker buildx build $NO_CACHE $SECRET --progress plain --file "$FILE"',
  '--tag "$REGISTRY/$REPOSITORY:$TAG"',
  // Ours has it already. Its own bases are named by `ARG REGISTRY`.
  `--label "dev.getschwifty.environment=\${REPOSITORY#candidate/}" --build-arg "REGISTRY=$REGISTRY"`,
  `--cache-from "${cache}"`,
  // ECR takes a cache as an OCI image only.
  `--cache-to "${cache},mode=max,image-manifest=true,oci-mediatypes=true"`,
  ...proxied.map((name) => `--build-arg ${name}=http://${proxy}`),
  '--provenance=false --sbom=false --metadata-file metadata.json --push "$CONTEXT"',
].join(' ');

const createBuilder = [
  `docker buildx create --use --driver docker-container ${stepLogs} --driver-opt network=${way.network}`,
  ...proxied.map((name) => `--driver-opt env.${name}=http://${proxy}`),
].join(' ');
/** Whoever's package asked for more than it may is told so where the build says why it failed. */
const buildAndTell = `${build} || FAILED=1; sed '/ listens /d' "$EGRESS_HOME/log" >&2; [ -z "$FAILED" ]`;

export const buildspec = BuildSpec.fromObject({
  version: '0.2',
  env: { shell: 'bash' },
  phases: {
    pre_build: {
      commands: [
        // Only what is exported is there in the next phase.
        'export CONTEXT=. FILE=Dockerfile',
        `if [ -n "$GIT_URL" ]; then ${fetch} && CONTEXT="checkout/$GIT_FOLDER" && FILE="$CONTEXT/$GIT_DOCKERFILE"; fi`,
        noLinks,
        'aws ecr get-login-password | docker login --username AWS --password-stdin "$REGISTRY"',
      ],
    },
    // The default builder can't write a cache to a registry.
    build: {
      commands: [startProxy, createBuilder, readLock, buildAndTell, keepLock, attest],
    },
  },
});
