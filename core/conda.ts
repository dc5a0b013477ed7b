/** How packages of conda are installed, and installed again of a lock: an environment of its own in /opt/env, of conda-forge alone. */

const folder = '/opt/env';
const history = `${folder}/conda-meta/history`;
const pkgs = 'CONDA_PKGS_DIRS=/var/cache/conda';

/** What makes an environment of a folder: `conda create` with packages would take away what is there. */
export const condaPrepare = `mkdir -p ${folder}/conda-meta && : > ${history}`;

/** @param what to install; where all of it is there nothing is resolved, and nothing is looked up. */
export const condaInstall = (what: string): string =>
  `${pkgs} conda install --yes --quiet --copy --prefix ${folder} --override-channels --channel conda-forge --satisfied-skip-solve ${what}`;

export const condaLocked = `${folder}/resolved.txt`;

/** An address and a SHA-256 each, from conda 24.9 on. */
const list = `conda list --prefix ${folder} --explicit --sha256`;

/**
 * What conda holds to be asked for by a person, as if that had been installed: it takes each line of a lock for it, and would then
 * let no fix move anything else. What the spec pins is pinned to a fix, too.
 */
const asked = (words: string): string =>
  `{ printf '==> 1970-01-01 00:00:00 <==\\n# cmd: conda install\\n# update specs: [' && printf "'%s', " ${words} && echo ']'; } > ${history}`;

/** Installs what the lock says, and holds it against what came of it, whatever conda took from its cache. @param words what the spec asks for. */
export const condaAgain = (words: string): string =>
  `{ ${condaInstall('--file /run/secrets/conda')} && ${list} > /tmp/made.txt && sed -i '/^#/d' /tmp/made.txt && sed '/^#/d' /run/secrets/conda > /tmp/locked.txt && test "$(sort /tmp/made.txt)" = "$(sort /tmp/locked.txt)" && ${asked(words)}; }`;

/** Half a lock would let the other half move unseen. */
export const condaKeep = `{ ${list} > ${condaLocked} && sed '/^[#@]/d' ${condaLocked} > /tmp/kept.txt && ! grep -Eqv '#[0-9a-f]{64}$' /tmp/kept.txt || : > ${condaLocked}; }`;
