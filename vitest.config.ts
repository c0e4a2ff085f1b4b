import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const scan = 'test/e2e/no-key-anywhere.test.ts';

/**
 * The recorded answers count all keys that there are, so that their file comes before others make
 * some; the scan looks at what all others have left, so that it comes after them.
 */
class RecordedFirstScanLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) =>
      moduleId.endsWith('e2e/golden.test.ts') ? -1 : Number(moduleId.endsWith(scan));
    const sorted = await super.sort(files);
    return sorted.toSorted((left, right) => placeOf(left) - placeOf(right));
  }
}

export default defineConfig({
  test: {
    // The functions write a log line per call; a test that looks at it captures it itself.
    silent: 'passed-only',
    // By default one core is kept free, which on two means no parallelism at all.
    maxWorkers: '100%',
    sequence: { sequencer: RecordedFirstScanLast },
    projects: [
      {
        test: {
          name: 'in-process',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/lib/**', 'test/clients/**'],
          setupFiles: ['test/fixtures/check-answers.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'stack',
          sequence: { groupOrder: 1 },
          include: ['test/lib/**/*.test.ts'],
          globalSetup: ['test/lib/fixtures/scratch.ts'],
          // Each synthesised template serves all files; making it anew per file takes most of the time.
          isolate: false,
          fileParallelism: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'deployed',
          // After the others: its functions have time-outs of seconds, and want the processor.
          sequence: { groupOrder: 2 },
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/deployed-stack.ts'],
          // One local AWS serves them all; on two cores more at once would only wait for each other.
          fileParallelism: false,
          // Of tests that wait for a fence: how many wait together.
          maxConcurrency: 12,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Other people's clients: npm run test:clients, no part of npm test.
          name: 'clients',
          sequence: { groupOrder: 3 },
          // The keys of those clients are looked for as well.
          include: ['test/clients/**/*.test.ts', scan],
          globalSetup: ['test/clients/litellm-venv.ts', 'test/e2e/deployed-stack.ts'],
          fileParallelism: false,
          // Each start of the command line takes a processor for seconds.
          maxConcurrency: 2,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
