import { describe, expect, it } from 'vitest';
import { jsonValues } from '../../scripts/import/json-values.ts';

/** As the file comes in pieces of so many bytes, or whole. */
async function valuesIn(text: string | Uint8Array, size = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const values: (readonly [number, string])[] = [];
  for await (const { line, text: value } of jsonValues(chunks())) {
    values.push([line, value.trim()]);
  }
  return values;
}

describe('a file of keys', () => {
  it.each([
    [
      'a value per line',
      '{"a":1}\n\n{"b":"\u2028\\n"}\r\n{"c":3}',
      ['{"a":1}', '{"b":"\u2028\\n"}', '{"c":3}'],
    ],
    [
      'a list',
      '[\n {"a":[1,{"b":"]}"}]},\n {"c":"\\"}"} ]\n',
      ['{"a":[1,{"b":"]}"}]}', '{"c":"\\"}"}'],
    ],
    [
      'answers of a list',
      '{"keys":[{"a":1}],"n":1}\n{"keys":[]}',
      ['{"keys":[{"a":1}],"n":1}', '{"keys":[]}'],
    ],
    ['lists, one after the other', '[{"a":1}]\n[{"b":2}]', ['{"a":1}', '{"b":2}']],
    [
      'objects over several lines',
      '{\n"a":1\n}\n{"b":"ключ 🔑"}',
      ['{\n"a":1\n}', '{"b":"ключ 🔑"}'],
    ],
    ['nothing', ' \n\n', []],
  ])('of %s has its values, however it is cut', async (_, text, values) => {
    for (const size of [1, 2, 3, 7, 64, 65536]) {
      expect((await valuesIn(text, size)).map(([, value]) => value)).toEqual(values);
    }
  });

  it('says in which line each begins', async () => {
    const inLines = await valuesIn('{"a":1}\n\nbroken\n{"b":2}');
    expect(inLines.map(([line]) => line)).toEqual([1, 3, 4]);
    const inDocument = await valuesIn('[\n{\n"a":1},\n\n{"b":2}]');
    expect(inDocument.map(([line]) => line)).toEqual([2, 5]);
  });

  it('that is broken in one place goes on behind it', async () => {
    expect(await valuesIn('{"a":1\n{"b":2}')).toEqual([
      [1, '{"a":1'],
      [2, '{"b":2}'],
    ]);
    expect(await valuesIn('[{"a":},\nx, {"b":2}, {"c":')).toEqual([
      [1, '{"a":}'],
      [2, 'x'],
      [2, '{"b":2}'],
      [2, '{"c":'],
    ]);
  });

  it('that is no text, or has no end, is none', async () => {
    await expect(valuesIn(Buffer.from([0x7b, 0xff, 0xfe]))).rejects.toThrow('no text in UTF-8');
    await expect(valuesIn(Buffer.from('{"a":"\u00e9"}').subarray(0, 7))).rejects.toThrow('UTF-8');
    for (const start of ['{"a":"', '[{"a":"']) {
      await expect(valuesIn(start + 'x'.repeat(17 * 1024 * 1024), 65536)).rejects.toThrow(
        'too long',
      );
    }
  });
});
