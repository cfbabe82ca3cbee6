/**
 * Puts the C library of Debian 13 under `bench/peers/.cache`, for Tailcall's binary on an older
 * Debian. apt downloads it into a folder of its own and checks its signature; nothing is installed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '.cache');
const apt = join(cache, 'apt');
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

mkdirSync(join(apt, 'lists/partial'), { recursive: true });
mkdirSync(join(apt, 'archives/partial'), { recursive: true });
writeFileSync(join(apt, 'sources.list'), `deb [signed-by=${keyring}] ${mirror()} trixie main\n`);
const options = [
  `Dir::Etc::sourcelist=${join(apt, 'sources.list')}`,
  'Dir::Etc::sourceparts=/dev/null',
  `Dir::State::lists=${join(apt, 'lists')}`,
  'Dir::State::status=/dev/null',
  `Dir::Cache=${apt}`,
  'APT::Sandbox::User=',
].flatMap((option) => ['-o', option]);
aptGet('update');
aptGet('download', 'libc6', 'libgcc-s1');

for (const file of readdirSync(apt).filter((name) => name.endsWith('.deb'))) {
  execFileSync('dpkg-deb', ['-x', join(apt, file), join(cache, 'glibc')]);
}
rmSync(apt, { recursive: true });
process.stdout.write('unpacked under bench/peers/.cache/glibc\n');

function aptGet(...command) {
  execFileSync('apt-get', [...options, ...command], {
    cwd: apt,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 180_000,
  });
}

/** Where this machine's own apt gets Debian from. */
function mirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...readdirSync(folder).map((file) => `${folder}/${file}`),
  ];
  const text = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
  const lines = text.join('\n').split('\n');
  const named = lines.filter((line) => !line.trimStart().startsWith('#')).join('\n');
  const found = /https?:\/\/\S+\/debian(?![\w-])/.exec(named);
  if (!found) throw new Error('no Debian mirror is named in /etc/apt; add one');
  return found[0];
}
