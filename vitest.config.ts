import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: { tailorbird: new URL('./src/index.ts', import.meta.url).pathname },
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
