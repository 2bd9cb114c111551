// Bundle the oracle with the heap snapshot worker of the npm package chrome-devtools-frontend.
import esbuild from 'esbuild';

// The worker imports DevTools' translations, which its arithmetic never uses.
const withoutTranslations = {
  name: 'without-translations',
  setup(build) {
    build.onResolve({ filter: /(fetched-)?locales\.js$/ }, ({ path }) => ({ path, namespace: 'empty' }));
    build.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({
      contents: [
        'export const LOCALES = [], BUNDLED_LOCALES = [], DEFAULT_LOCALE = "en-US";',
        'export const REMOTE_FETCH_PATTERN = "", LOCAL_FETCH_PATTERN = "", LOCALE_FETCH_URL = "";',
      ].join('\n'),
      loader: 'js',
    }));
  },
};

// Node 20 has no Promise.withResolvers, and the worker relies on it.
const withResolvers = `Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new Promise((a, b) => { resolve = a; reject = b; });
  return { promise, resolve, reject };
};`;

await esbuild.build({
  entryPoints: ['oracle.ts'],
  outfile: 'build/oracle.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: withResolvers },
  plugins: [withoutTranslations],
});
