/** Packs both libraries, as for a publication. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The packages, by name, and their folders. A package that needs another one comes after it. */
export const libraries = {
  'payments-sandbox': join(root, 'libs/payments-sandbox'),
  'nestjs-payments-auth': join(root, 'libs/payments-auth'),
};

/**
 * @param {string} destination a folder that is emptied first
 * @returns {Record<keyof typeof libraries, string>} the path of each package's tarball
 */
export function packLibraries(destination) {
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  execFileSync('npm', ['pack', '--workspaces', '--silent', '--pack-destination', destination], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const files = readdirSync(destination);
  /** @param {string} name */
  const tarball = (name) => {
    const file = files.find((candidate) => candidate.startsWith(`${name}-`) && candidate.endsWith('.tgz'));
    if (file === undefined) throw new Error(`npm pack made no tarball of ${name}.`);
    return join(destination, file);
  };
  return {
    'nestjs-payments-auth': tarball('nestjs-payments-auth'),
    'payments-sandbox': tarball('payments-sandbox'),
  };
}
