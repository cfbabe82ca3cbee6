import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page answers at /graphql, its files at /graphql/assets/; the server knows both. */
export default defineConfig({
  base: '/graphql/',
  plugins: [react()],
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
