/**
 * npm's words of a Dockerfile's instructions (languages.ts). Each package of a spec is a workspace with a tree of its own, as
 * `npm install --global` has it: what one wants of its peers is nothing to another. A workspace has what a global install has not, a lock.
 * Node's own words stand in single quotes and have none; they know what Node 12 does.
 */
import type { Package } from './packages.ts';

const root = '/opt/npm';
/** The buildspec takes it from here. */
export const npmLocked = `${root}/resolved.json`;
const secret = '/run/secrets/npm';
const npm = (command: string, options: string): string =>
  `npm ${command} --prefix ${root} --cache /root/.npm --no-audit --no-fund --package-lock --install-strategy=shallow ${options}`.trimEnd();

const script = (...lines: readonly string[]): string => `node -e '${lines.join(' ')}'`;
const files = [
  'const fs = require("fs"), path = require("path");',
  `const root = "${root}", lockFile = root + "/package-lock.json";`,
  'const read = (file) => JSON.parse(fs.readFileSync(file, "utf8"));',
  'const write = (file, value) => fs.writeFileSync(file, JSON.stringify(value));',
  'const remove = (file) => fs.rmSync ? fs.rmSync(file, { recursive: true, force: true }) : fs.existsSync(file) && fs.rmdirSync(file, { recursive: true });',
  'const isFolder = (name) => /^[^/]+$/.test(name) && name[0] !== ".";',
];
/** A workspace's name has a capital letter, as no package may have that is published now: none of a tree is taken for one. */
const places = [
  ...files,
  'const place = (folder, dependencies) => { const at = root + "/each/" + folder; if (!isFolder(folder)) throw new Error(folder + " is no folder");',
  'fs.mkdirSync(at, { recursive: true }); write(at + "/package.json", { name: "Of-" + Buffer.from(folder).toString("hex").slice(0, 200), private: true, dependencies }); };',
  'fs.mkdirSync(root + "/each", { recursive: true }); write(root + "/package.json", { private: true, workspaces: ["each/*"] });',
];
const wanted = [
  ...places,
  'const wanted = process.argv.slice(1).map((word) => { const at = word.indexOf("@", 1); return at < 0 ? [word, "*"] : [word.slice(0, at), word.slice(at + 1)]; });',
  'const folderOf = (name) => name.replace("/", "+");',
];
const only =
  'const folders = wanted.map(([name]) => folderOf(name)); for (const each of fs.readdirSync(root + "/each")) if (!folders.includes(each)) remove(root + "/each/" + each);';
/** Of a release whose age is waived its tarball, which is asked for no age. */
const placed = [
  'for (const [name, version] of wanted) { const young = "/tmp/young/" + folderOf(name);',
  'place(folderOf(name), { [name]: fs.existsSync(young) ? "file:" + young + "/" + fs.readdirSync(young)[0] : version }); }',
].join(' ');
const plan = script(...wanted, only, placed);
const planMore = script(...wanted, placed);

/** What a lock has is not looked up; what is there of other versions, or no longer wanted, is changed. */
export const npmInstall = (words: string, options: string): string =>
  `${plan} ${words} && ${npm('install', options)}`;

/**
 * `name@<version` asks for that version in the place of all copies below it. A lock says of each package what it wants: there that version is
 * wanted where a copy below it was found, and of others of its name the one that there is. What is bundled comes in another's tarball, as it is.
 */
const mend = script(
  ...files,
  'const fixes = process.argv.slice(1).map((word) => word.split("@<"));',
  'const numbers = (version) => version.split(/[-+]/)[0].split(".").map(Number);',
  'const isBelow = (one, other) => { const a = numbers(one), b = numbers(other), at = a.findIndex((each, i) => each !== b[i]);',
  'return at < 0 ? /-/.test(one) && one !== other : a[at] < b[at]; };',
  'const lock = read(lockFile); delete lock.dependencies;',
  'const found = (folder, name) => lock.packages[(folder && folder + "/") + "node_modules/" + name] || (folder ? found(folder.includes("/") ? path.dirname(folder) : "", name) : undefined);',
  'for (const [key, entry] of Object.entries(lock.packages)) if (/[/]?node_modules[/]/.test(key) && !entry.link && !entry.inBundle)',
  'for (const kind of ["dependencies", "optionalDependencies", "peerDependencies"]) for (const [name, version] of fixes) {',
  'const copy = entry[kind] && entry[kind][name] && found(key, name);',
  'if (copy && copy.version && !copy.inBundle) entry[kind][name] = isBelow(copy.version, version) ? version : copy.version; }',
  'write(lockFile, lock); remove(root + "/node_modules/.package-lock.json");',
);

/** @param asked by the spec: these stay where they are, at their fixed version. Where it asks for none the fixes stand by themselves. */
export function npmMend(fixes: readonly Package[], asked: readonly Package[], options: string): string {
  const named = fixes.filter(({ name }) => asked.length === 0 || asked.some((each) => each.name === name));
  const list = (separator: string, packages: readonly Package[]): string =>
    packages.map(({ name, version }) => `'${name}${separator}${version}'`).join(' ');
  const names = fixes.map(({ name }) => `'${name}'`).join(' ');
  return [
    ...(named.length === 0 ? [] : [`${planMore} ${list('@', named)}`, npm('install', options)]),
    `${mend} ${list('@<', fixes)}`,
    npm('update', `${options}${names}`),
  ].join(' && ');
}

/** Their tarballs, of which nothing is run; what they depend on is looked up under the bound. What is locked is asked for no age. */
export const npmYoung = (packages: readonly Package[], options: string): string => {
  const pack = packages.map(({ name, version }) => {
    const folder = `'/tmp/young/${name.replace('/', '+')}'`;
    return `mkdir -p ${folder} && npm pack --cache /root/.npm --pack-destination ${folder} ${options}'${name}@${version}'`;
  });
  return `{ test -s ${secret} || { ${pack.join(' && ')}; }; }`;
};

/** What of a lock can be installed again as it is: all from the index, and each by its hash; what is bundled is in another's. */
const checked = [
  'const check = (lock) => { const entries = Object.entries(lock.packages); for (const [key, entry] of entries) {',
  'const known = key === "" || /^each[/][^/]+$/.test(key) || entry.link === true || entry.inBundle === true || /^sha512-/.test(entry.integrity);',
  'if (!known) throw new Error(key + " has no hash");',
  'if (entry.link === true && !/^each[/][^/]+$/.test(entry.resolved)) throw new Error(key + " is elsewhere");',
  'for (const kind of ["dependencies", "optionalDependencies", "peerDependencies"]) for (const spec of Object.values(entry[kind] || {}))',
  'if (/[:/]/.test(spec.replace(/^npm:(@[^/]+[/])?/, ""))) throw new Error(key + " wants " + spec + ", which no index has"); }',
  'if (entries.length < 2) throw new Error("it locks nothing"); };',
];
const restore = script(
  ...places,
  ...checked,
  `const lock = read("${secret}"); check(lock);`,
  'for (const [key, entry] of Object.entries(lock.packages)) { if (entry.link !== true) delete entry.resolved; if (/^each[/][^/]+$/.test(key)) place(key.slice(5), entry.dependencies); }',
  'write(lockFile, lock);',
);
export const npmAgain = (options: string): string => `{ ${restore} && ${npm('ci', options)}; }`;

/** Without addresses: the index that is configured says where. Where one has no hash there is none: half a lock would be none. */
const keep = script(
  ...files,
  ...checked,
  'const lock = read(lockFile); delete lock.dependencies;',
  'for (const [key, entry] of Object.entries(lock.packages)) if (/^each[/][^/]+$/.test(key)) for (const name of Object.keys(entry.dependencies))',
  'if (/^file:/.test(entry.dependencies[name])) entry.dependencies[name] = lock.packages[key + "/node_modules/" + name].version;',
  'check(lock);',
  'for (const entry of Object.values(lock.packages)) if (entry.link !== true) delete entry.resolved;',
  `fs.writeFileSync("${npmLocked}", JSON.stringify(lock, undefined, 1));`,
);
export const npmKeep = `{ ${keep} || : > ${npmLocked}; }`;

/** Packages and their programs are where a global install has them; an npm before 9 puts them in one tree. */
export const npmFinish = script(
  ...files,
  'const link = (from, to) => { fs.mkdirSync(path.dirname(from), { recursive: true }); fs.symlinkSync(path.relative(path.dirname(from), to), from); };',
  'for (const folder of fs.readdirSync(root + "/each")) { const at = root + "/each/" + folder;',
  'for (const name of Object.keys(read(at + "/package.json").dependencies)) {',
  'const modules = [at, root].map((one) => one + "/node_modules").find((one) => fs.existsSync(one + "/" + name)); link(root + "/lib/node_modules/" + name, modules + "/" + name);',
  'console.log("Installed " + name + "@" + read(modules + "/" + name + "/package.json").version);',
  'const bins = modules + "/.bin"; for (const bin of fs.existsSync(bins) ? fs.readdirSync(bins) : [])',
  'if (fs.readlinkSync(bins + "/" + bin).startsWith("../" + name + "/")) link(root + "/bin/" + bin, bins + "/" + bin); }',
  'fs.unlinkSync(at + "/package.json"); }',
  'for (const name of ["package.json", "package-lock.json", "node_modules/.package-lock.json"]) if (fs.existsSync(root + "/" + name)) fs.unlinkSync(root + "/" + name);',
  'for (const name of fs.readdirSync(root + "/node_modules")) if (/^Of-/.test(name)) fs.unlinkSync(root + "/node_modules/" + name);',
);
