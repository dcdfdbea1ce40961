// The licences of what a bundle holds of other packages: one text, from esbuild's account of its inputs and the packages' own files.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

/** `inputs`: paths relative to `clone`. `natives`: directories of packages that are in the bundle as they are. @throws where a package has no licence. */
export function licencesOf(clone, inputs, natives) {
  const packages = new Map();
  const add = (from) => {
    let dir = from;
    while (!isPackage(dir)) dir = dirname(dir);
    packages.set(dir, JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')));
  };
  for (const input of inputs) if (input.includes('node_modules/')) add(dirname(join(clone, input)));
  natives.forEach(add);
  const texts = [...packages].map(([dir, { name, version, license, homepage }]) => {
    if (typeof license !== 'string') throw new Error(`${name}: its package.json names no licence`);
    const files = readdirSync(dir).filter((file) => LICENCE_FILE.test(file));
    const where = homepage === undefined ? '' : `\n${homepage}`;
    const own = files.map((file) => `\n\n${readFileSync(join(dir, file), 'utf8').trim()}`).join('');
    return `${name} ${version}: ${license}${where}${own}\n`;
  });
  return texts.sort().join(`\n${'-'.repeat(78)}\n\n`);
}

/** A package.json without a name only says how modules are read. */
function isPackage(dir) {
  const file = join(dir, 'package.json');
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name !== undefined;
}
