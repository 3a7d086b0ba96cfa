/**
 * Builds the executable: `bun scripts/build.ts` for this machine, `--all` for every platform that is delivered, with a
 * SHA-256 list. Everything is embedded: the runtime, the native libraries and the assets.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { $, type BunPlugin } from 'bun';
import manifest from '../package.json' with { type: 'json' };
import { bundleUi } from '../src/native/ui-bundle';

const root = resolve(import.meta.dir, '..');
const cache = join(root, '.cache');
const dist = join(root, 'dist');

interface Platform {
  name: string;
  target: Bun.Build.CompileTarget;
  /** As Node calls them. */
  os: 'linux' | 'win32' | 'darwin';
  cpu: 'x64' | 'arm64';
  /** The addon's file in @lmdb/lmdb-<os>-<cpu>. */
  lmdbAddon: string;
}

const platforms: readonly Platform[] = [
  { name: 'linux-x64', target: 'bun-linux-x64', os: 'linux', cpu: 'x64', lmdbAddon: 'node.napi.glibc.node' },
  { name: 'linux-arm64', target: 'bun-linux-arm64', os: 'linux', cpu: 'arm64', lmdbAddon: 'node.napi.glibc.node' },
  { name: 'windows-x64', target: 'bun-windows-x64', os: 'win32', cpu: 'x64', lmdbAddon: 'node.napi.node' },
  { name: 'darwin-arm64', target: 'bun-darwin-arm64', os: 'darwin', cpu: 'arm64', lmdbAddon: 'node.napi.node' },
];

/** What onnxruntime's addon loads from beside itself; the rest of its folder is for execution providers not used here. */
const onnxFiles: Record<Platform['os'], RegExp> = {
  linux: /^(onnxruntime_binding\.node|libonnxruntime\.so\.1)$/,
  win32: /^(onnxruntime_binding\.node|onnxruntime\.dll|DirectML\.dll)$/,
  darwin: /^(onnxruntime_binding\.node|libonnxruntime\.1\.dylib)$/,
};

/** The native packages of a platform: this machine's from node_modules, another's fetched into the cache. */
async function lmdbAddonPath({ os, cpu, lmdbAddon }: Platform): Promise<string> {
  const name = `@lmdb/lmdb-${os}-${cpu}`;
  const local = join(root, 'node_modules', name, lmdbAddon);
  if (existsSync(local)) return local;
  const folder = join(cache, 'platforms', `${os}-${cpu}`);
  const fetched = join(folder, 'node_modules', name, lmdbAddon);
  if (!existsSync(fetched)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ dependencies: { [name]: manifest.dependencies.lmdb } }),
    );
    await $`${process.execPath} install --os=${os} --cpu=${cpu}`.cwd(folder).quiet();
  }
  return fetched;
}

/** Lets the native libraries and assets be found inside the executable instead of in node_modules. */
function embed(platform: Platform, lmdbAddon: string, scalar: string, ui: readonly WrittenFile[]): BunPlugin {
  const onnxFolder = join(root, 'node_modules/onnxruntime-node/bin/napi-v6', platform.os, platform.cpu);
  const libraries = readdirSync(onnxFolder).filter((file) => onnxFiles[platform.os].test(file));
  return {
    name: 'embed',
    setup(build) {
      build.onLoad({ filter: /[\\/]lmdb[\\/]native\.js$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8')
          .replace(
            "import loadNAPI from 'node-gyp-build-optional-packages';",
            `import addon from ${JSON.stringify(lmdbAddon)};`,
          )
          .replace('loadNAPI(dirName)', 'addon');
        if (!source.includes('nativeAddon = addon')) throw new Error('lmdb/native.js is not as expected');
        return { contents: source, loader: 'js' };
      });
      build.onLoad({ filter: /[\\/]onnxruntime-node[\\/]dist[\\/]binding\.js$/ }, ({ path }) => {
        const addon = /require\(`\.\.\/bin\/[^`]+`\)/;
        const source = readFileSync(path, 'utf8');
        if (!addon.test(source)) throw new Error('onnxruntime-node/dist/binding.js is not as expected');
        const loader = JSON.stringify(join(root, 'src/native/onnxruntime.ts'));
        return { contents: source.replace(addon, `require(${loader}).loadOnnxruntime()`), loader: 'js' };
      });
      build.onLoad({ filter: /[\\/]src[\\/]native[\\/]onnxruntime-files\.ts$/ }, () => ({
        contents: [
          ...libraries.map(
            (file, n) => `import file${n} from ${JSON.stringify(join(onnxFolder, file))} with { type: 'file' };`,
          ),
          `export const onnxruntimeFiles = [${libraries.map((file, n) => `{ name: ${JSON.stringify(file)}, path: file${n} }`)}];`,
        ].join('\n'),
        loader: 'ts',
      }));
      build.onLoad({ filter: /[\\/]src[\\/]native[\\/]scalar-source\.ts$/ }, () => ({
        contents: [
          `import path from ${JSON.stringify(scalar)} with { type: 'file' };`,
          `import { readFileSync } from 'node:fs';`,
          'export const compressedScalar = () => readFileSync(path);',
        ].join('\n'),
        loader: 'ts',
      }));
      build.onLoad({ filter: /[\\/]src[\\/]native[\\/]ui-source\.ts$/ }, () => ({
        contents: [
          `import { readFileSync } from 'node:fs';`,
          ...ui.map(({ file }, n) => `import file${n} from ${JSON.stringify(file)} with { type: 'file' };`),
          `const files = [${ui.map(({ path, type }, n) => `{ path: ${JSON.stringify(path)}, type: ${JSON.stringify(type)}, file: file${n} }`)}];`,
          'export const uiFiles = async () =>',
          '  files.map(({ path, type, file }) => ({ path, type, body: () => new Uint8Array(readFileSync(file)) }));',
        ].join('\n'),
        loader: 'ts',
      }));
    },
  };
}

/** The documentation page's script, compressed once for all platforms. */
function compressScalar(): string {
  const source = readFileSync(join(root, 'node_modules/@scalar/api-reference/dist/browser/standalone.js'));
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const file = join(cache, 'assets', `scalar-${hash}.js.br`);
  if (!existsSync(file)) {
    mkdirSync(join(cache, 'assets'), { recursive: true });
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: source.length, [constants.BROTLI_PARAM_QUALITY]: 9 };
    writeFileSync(file, brotliCompressSync(source, { params }));
  }
  return file;
}

interface WrittenFile {
  path: string;
  type: string;
  /** Where its compressed content lies. */
  file: string;
}

/** The web UI, bundled and compressed once for all platforms. */
async function writeUi(): Promise<WrittenFile[]> {
  const folder = join(cache, 'ui');
  mkdirSync(folder, { recursive: true });
  const files = await bundleUi(root, 11);
  return files.map(({ path, type, body }) => {
    const bytes = body();
    const file = join(folder, `${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}.br`);
    if (!existsSync(file)) writeFileSync(file, bytes);
    return { path, type, file };
  });
}

async function buildFor(
  platform: Platform,
  outfile: string,
  commit: string,
  ui: readonly WrittenFile[],
): Promise<void> {
  const result = await Bun.build({
    entrypoints: [join(root, 'src/main.ts')],
    target: 'bun',
    // What is imported when it is needed is read then too: the whole program costs each command 60 ms.
    splitting: true,
    format: 'esm',
    // Identifiers stay: Elysia reads the source of handlers, and answers 500 when their names are shortened.
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { BUILD_COMMIT: JSON.stringify(commit) },
    plugins: [embed(platform, await lmdbAddonPath(platform), compressScalar(), ui)],
    compile: {
      target: platform.target,
      outfile,
      // A folder the executable is run from must not be able to configure it.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  if (!result.success) throw new AggregateError(result.logs, `the build for ${platform.name} failed`);
}

const commit = (await $`git rev-parse --short=12 HEAD`.cwd(root).nothrow().quiet().text()).trim() || 'unknown';
mkdirSync(dist, { recursive: true });
const ui = await writeUi();
if (process.argv.includes('--all')) {
  const sums: string[] = [];
  for (const platform of platforms) {
    const name = `narcidicontrol-${platform.name}${platform.os === 'win32' ? '.exe' : ''}`;
    await buildFor(platform, join(dist, name), commit, ui);
    const bytes = readFileSync(join(dist, name));
    sums.push(`${createHash('sha256').update(bytes).digest('hex')}  ${name}`);
    console.log(`${name}  ${(bytes.length / 1024 ** 2).toFixed(1)} MiB`);
  }
  writeFileSync(join(dist, 'SHA256SUMS'), `${sums.join('\n')}\n`);
} else {
  const here = platforms.find(({ os, cpu }) => os === process.platform && cpu === process.arch);
  if (!here) throw new Error(`no build is defined for ${process.platform} ${process.arch}`);
  const outfile = join(dist, here.os === 'win32' ? 'narcidicontrol.exe' : 'narcidicontrol');
  await buildFor(here, outfile, commit, ui);
  console.log(`${outfile}  ${(Bun.file(outfile).size / 1024 ** 2).toFixed(1)} MiB`);
}
