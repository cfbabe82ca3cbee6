import { writeFileSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { buildRecord } from './build-record.ts';

const folder = import.meta.dirname;

/** Tells whoever has only `dist` whether it is still what the sources make. */
const record = {
  name: 'build-record',
  closeBundle: () =>
    writeFileSync(
      `${folder}/dist/build-record.json`,
      `${JSON.stringify(buildRecord(folder), null, 2)}\n`,
    ),
};

/** The page answers at /graphql, its files at /graphql/assets/; the server knows both. */
export default defineConfig({
  base: '/graphql/',
  plugins: [react(), record],
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    sourcemap: false,
    license: { fileName: 'licenses.md' },
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4096,
  },
  worker: { format: 'es' },
});
