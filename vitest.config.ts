import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: [
      { find: /^tailorbird$/, replacement: new URL('./src/index.ts', import.meta.url).pathname },
      // Vite would take graphql's ES build, Node takes the other: one process may only have one.
      { find: /^graphql$/, replacement: 'graphql/index.js' },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: '100%', // many a test waits for a broker or a process; one core less is half of two
    globalSetup: 'test/support/compile-cache.ts',
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
