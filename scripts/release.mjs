/**
 * Makes the tarballs of a release in .artifacts/release, after it has checked everything that must be right before the
 * publication:
 *
 *   npm run release -- --tag v1.2.3
 *
 * It publishes nothing. .github/workflows/release.yml publishes exactly these files.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { libraries, packLibraries } from './pack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { tag: { type: 'string' } } });

const objections = findObjections(values.tag);
if (objections.length > 0) {
  for (const objection of objections) console.error(objection);
  process.exit(1);
}

run('node', 'scripts/build.mjs', '--clean');
run('npm', 'test');
run('npm', 'run', 'test:package');

for (const tarball of Object.values(packLibraries(join(root, '.artifacts/release')))) {
  console.log(
    `${createHash('sha256').update(readFileSync(tarball)).digest('hex')}  ${tarball.slice(root.length)}`,
  );
}

/** @typedef {{ name: string, version: string, repository?: object, homepage?: string, bugs?: object }} Manifest */

/**
 * Reports all problems at once, so that a release can be prepared in one go.
 *
 * @param {string | undefined} tag
 */
function findObjections(tag) {
  const found = [];
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const manifests = Object.values(libraries).map(
    (folder) => /** @type {Manifest} */ (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))),
  );
  if (tag === undefined) found.push('The tag of the release is missing. Add --tag v1.2.3.');
  for (const { name, version, repository, homepage, bugs } of manifests) {
    if (tag !== undefined && tag !== `v${version}`) {
      found.push(`${name} is at ${version}, the tag is ${tag}: set "version" in its package.json.`);
    }
    for (const [field, value] of Object.entries({ repository, homepage, bugs }))
      if (value === undefined)
        found.push(
          `${name} has no "${field}" in its package.json. The release workflow sets it: npm pkg set.`,
        );
  }
  const [first] = manifests;
  if (first && !changelog.includes(`## ${first.version}`) && !changelog.includes(`## [${first.version}]`)) {
    found.push(`CHANGELOG.md has no section "## ${first.version}": write down what changes for users.`);
  }
  if (/^## .*unreleased/im.test(changelog)) {
    found.push('CHANGELOG.md says "unreleased": write the date of the release there.');
  }
  return found;
}

/** @param {[string, ...string[]]} command */
function run(...[command, ...args]) {
  execFileSync(command, args, { cwd: root, stdio: 'inherit' });
}
