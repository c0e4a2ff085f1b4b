import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The functions write a log line per call; a test that looks at it captures it itself.
    silent: 'passed-only',
    projects: [
      {
        test: {
          name: 'in-process',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
        },
      },
      {
        test: {
          name: 'deployed',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/deployed-stack.ts'],
          // One local AWS serves them all; on two cores more at once would only wait for each other.
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
