import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stopwatch } from '../../scripts/local/stopwatch.ts';

/** Keeps what is written; a terminal or not. */
function output(isTTY: boolean) {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, then) {
      written.push(String(chunk));
      then();
    },
  });
  return { stream: Object.assign(stream, { isTTY }), text: () => written.join('') };
}

describe('progress', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('on a terminal counts on while one thing takes its time, and ends its line', () => {
    const { stream, text } = output(true);
    const { log, done } = stopwatch(stream);
    log('deploying');
    vi.advanceTimersByTime(1000);
    expect(text()).toMatch(
      /^ {2}0\.0 s {2}deploying(\r {2}0\.0 s {2}deploying \.\.\. \d\.\d s){5}$/,
    );
    expect(text()).toContain('... 1.0 s');
    done();
    const ended = text();
    expect(ended).toMatch(/\.\.\. 1\.0 s\n$/);
    vi.advanceTimersByTime(1000);
    done();
    expect(text()).toBe(ended);
  });

  it('elsewhere has a line for each thing, and no more', () => {
    const { stream, text } = output(false);
    const { log, done } = stopwatch(stream);
    log('deploying');
    vi.advanceTimersByTime(1000);
    log('ready');
    done();
    expect(text()).toBe('  0.0 s  deploying\n  1.0 s  ready\n');
  });
});
