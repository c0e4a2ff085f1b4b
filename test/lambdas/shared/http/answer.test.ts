import { describe, expect, it } from 'vitest';
import { gatewayAnswer, page } from '../../../../lambdas/shared/http/answer.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

/** What Lambda takes for an answer: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const maxAnswerBytes = 6 * 1024 * 1024;

describe('a page', () => {
  // Inside what the function answers with the body is a text, in which each quote is escaped once more.
  it.each(['x', '"', '\\', '漢', '\n'])('of any size fits or is refused: %j', (character) => {
    const isSent = (count: number) => {
      const answer = page('size', { keys: [character.repeat(count)] });
      const sent = JSON.stringify(gatewayAnswer(answer, 'request'));
      expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(maxAnswerBytes);
    };
    isSent(1_000_000);
    const refusal = refusalOf(() => {
      for (let count = 1_000_000; ; count += 250_000) isSent(count);
    });
    expect(refusal).toMatchObject({ kind: 'invalid', param: 'size' });
  });
});
