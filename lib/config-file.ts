/** Reads the configuration: the file that GETSCHWIFTY_CONFIG names, else getschwifty.config.yaml of the checkout. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse as parseYaml } from 'yaml';
import { Config } from '#core/config.ts';
import { parse } from '#core/errors.ts';

const defaultPath = fileURLToPath(new URL('../getschwifty.config.yaml', import.meta.url));

export function loadConfig(path: string = process.env['GETSCHWIFTY_CONFIG'] ?? defaultPath): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`The configuration ${path} can not be read: set GETSCHWIFTY_CONFIG to its path.`, {
      cause: error,
    });
  }
  return parse(Config, parseYaml(text), path);
}
