import { defineConfig } from 'vitest/config';
import shared from './vitest.config.ts';

/** The tests that kill what they start, and take minutes: `npm run test:kills`. */
export default defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/**/*.kill-test.ts'] },
});
