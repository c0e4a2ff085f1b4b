import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The functions write a log line per call; a test that looks at it captures it itself.
    silent: 'passed-only',
  },
});
