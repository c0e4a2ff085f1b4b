/** What every mail says, and what none of them does: whatever a key and its owner are called. */
import { describe, expect, it } from 'vitest';
import { mailEvents } from '../../lambdas/shared/domain/due-notice.ts';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import type { Mail } from '../../lambdas/shared/domain/ports.ts';
import { mailSamples, sampleLink, sampleMail } from '../fixtures/mail-samples.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { keyValue, rowWith } from './fixtures/rows.ts';
import { visibleText } from './fixtures/visible-text.ts';

const samples = [...mailSamples()].map(([name, { event, mail }]) => ({ name, event, mail }));
const sample = (name: string): Mail => {
  const found = samples.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no sample ${name}`);
  return found.mail;
};
const partsOf = ({ html, text }: Mail) => [visibleText(html), text];

describe('each mail', () => {
  it('has a sample', () => {
    expect(new Set(samples.map(({ event }) => event))).toEqual(new Set(mailEvents));
  });

  it.each(samples)('has no key and no hash: $name', ({ mail }) => {
    for (const part of [mail.subject, mail.html, mail.text]) {
      expect(part).not.toContain(keyValue);
      expect(part).not.toContain(tokenHash(keyValue));
      // The masked name is all there may be.
      expect(part).not.toMatch(/sk-(?!\.\.\.)/);
      expect(part).not.toMatch(/[0-9a-f]{64}/i);
    }
  });

  it.each(samples)('is whole: $name', ({ mail }) => {
    for (const part of [mail.subject, mail.html, mail.text]) {
      expect(part).not.toMatch(/\{\{|\}\}|undefined|NaN|null|\[object/);
    }
    expect(mail.subject).toMatch(/^Latchkey: [^\p{Cc}]+$/u);
    expect(mail.subject.length).toBeLessThan(130);
    // Gmail cuts off what is longer than 102 kB.
    expect(Buffer.byteLength(mail.html)).toBeLessThan(20_000);
    expect(Buffer.byteLength(mail.text)).toBeLessThan(4000);
  });

  it.each(samples)('fetches nothing and runs nothing: $name', ({ mail }) => {
    expect(mail.html).not.toMatch(
      /<(script|link|iframe|img|form|object)\b|@import|url\(|src=|\son\w+=/i,
    );
    const links = [...mail.html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
    for (const href of links) expect(href).toBe(sampleLink.url);
  });

  it.each(samples)('fits a phone, and the dark: $name', ({ mail }) => {
    expect(mail.html).toContain('<meta name="viewport" content="width=device-width');
    expect(mail.html).toContain('<meta name="color-scheme" content="light dark">');
    expect(mail.html).toContain('@media (prefers-color-scheme: dark)');
  });

  it.each(samples)('says the same in both parts: $name', ({ mail }) => {
    const seen = visibleText(mail.html);
    const lines = mail.text
      .split('\n')
      .map((line) => line.replaceAll(/[\u2068\u2069]/g, '').trim());
    for (const line of lines.filter((each) => each !== '' && !each.startsWith('https://'))) {
      // A fact is two cells of a table.
      const [label = '', ...value] = line.split(': ');
      if (!seen.includes(line)) {
        expect(seen).toContain(label.replace(/:$/, ''));
        expect(seen).toContain(value.join(': '));
      }
    }
  });

  it.each(samples)('says whom to ask and which key to name: $name', ({ mail }) => {
    const asked = { ...settingsWith().mail, supportContact: 'help@acme.io', signature: 'Acme\nIT' };
    const again = mailSamples({ mail: asked }).get(
      samples.find((each) => each.mail === mail)?.name ?? '',
    );
    for (const part of partsOf(mail)) {
      expect(part).toContain('tell your administrator and name the key id 0123456789ABCDEFG');
    }
    for (const part of again === undefined ? [] : partsOf(again.mail)) {
      expect(part).toContain('tell help@acme.io and name the key id');
      expect(part).not.toContain('your administrator');
      expect(part).toMatch(/Acme\s+IT/);
    }
  });
});

describe('what a mail says', () => {
  it.each<[string, readonly string[]]>([
    [
      'key-created',
      [
        'API Key Created',
        'The virtual key reports-nightly was created for you.',
        'sk-...b3Qz',
        'ada@acme.io',
        'data-platform',
        'gpt-4o, llama-3-70b, mistral-large',
        '$12.50',
        '$100.00 per 30 days',
        '23 February 2027, 13:50 UTC',
        'https://keys.acme.io',
        'Show my key',
        'works until 26 November 2026, 13:50 UTC',
        'With access to AWS Secrets Manager you also find the key there, in the secret litellm/reports-nightly.',
      ],
    ],
    [
      'key-created-without-link',
      [
        'The key is in AWS Secrets Manager, in the secret litellm/reports-nightly.',
        'ask whoever created or rotated the key',
      ],
    ],
    ['key-created-bare', ['no budget', 'never', 'all', 'not kept in AWS Secrets Manager']],
    ['key-rotated', ['The old value is let in until 26 November 2026, 13:50 UTC.', 'Show my key']],
    ['key-rotated-without-link', ['The old value is refused from now on']],
    [
      'key-expiring',
      ['API Key Expires in 6 Days', 'on 1 December 2026, 13:50 UTC', 'a later date'],
    ],
    ['key-expiring-tomorrow', ['API Key Expires Within a Day']],
    ['key-deleted', ['was deleted by an administrator', 'cannot be brought back', 'another key']],
    ['key-blocked', ['was blocked by an administrator', 'until somebody unblocks it']],
    [
      'budget-alert',
      [
        'API Key Budget 81% Used',
        'has spent $81.20 of its budget of $100.00 per 30 days, which is 81%',
        '1 December 2026, 00:00 UTC',
        'a larger budget',
      ],
    ],
    ['budget-used-up', ['API Key Budget Used Up', '104%']],
    [
      'claim-link',
      ['asked for a new link', 'Links from earlier mails work no more', 'Show my key'],
    ],
    ['claim-link-without-link', ['there is none to give']],
    [
      'claim-reused',
      [
        'opened again after it had shown the key',
        'somebody else may have it',
        'give the key a new value at once',
        'curl -X POST https://keys.acme.io/key/0123456789ABCDEFG/regenerate',
      ],
    ],
    [
      'mail-bounced',
      [
        'came back from ada@acme.io: the mailbox does not exist.',
        'backup contact of the environment prod',
        'tell the owner in another way',
        'reports-nightly',
      ],
    ],
  ])('%s', (name, said) => {
    for (const part of partsOf(sample(name))) {
      for (const words of said) expect(part).toContain(words);
    }
  });

  it('has the link once as a button and once as text, where there is one', () => {
    const { html, text } = sample('key-created');
    expect(html.split(sampleLink.url)).toHaveLength(2);
    expect(text).toContain(`Show my key:\n${sampleLink.url}\n`);
    for (const part of [sample('key-deleted').html, sample('key-created-without-link').html]) {
      expect(part).not.toContain('Show my key');
    }
  });

  it('shows each budget with its own period, and what is added for a time', () => {
    const windows = [
      { budget_duration: '1d', max_budget: 5, reset_at: '' },
      { budget_duration: '2h', max_budget: 0.004, reset_at: '' },
      { budget_duration: 'fortnight', max_budget: 1, reset_at: '' },
    ];
    const { text } = sampleMail('key_created', {
      key: {
        budget_duration: '1mo',
        budget_limits: windows,
        metadata: {
          temp_budget_increase: 50,
          temp_budget_expiry: '2999-01-01T00:00:00.000Z',
        },
      },
    });
    expect(text).toContain(
      'Budget: $100.00 per month, $50.00 more until 1 January 2999, 00:00 UTC, $5.00 per day, $0.004 per 2 hours, $1.00 per fortnight\n',
    );
  });

  it('names who did it, an administrator without his key’s name', () => {
    const by = (changed_by: string) => {
      const { event } = rowWith();
      return sampleMail('key_blocked', {
        row: { event: { ...event, who: { ...event.who, changed_by } } },
      }).text;
    };
    expect(by('default_user_id')).toContain('was blocked by an administrator.');
    expect(by('system')).toContain('was blocked by Latchkey itself.');
    expect(by('bob')).toContain('was blocked by bob.');
  });

  it('has a logo only where one is set, and the subject that is', () => {
    const mail = {
      ...settingsWith().mail,
      logoUrl: 'https://acme.io/logo.png?a=1&b="2"',
      subjectPrefix: 'Acme <keys>',
    };
    const branded = sampleMail('key_created', { settings: { mail } });
    expect(branded.subject).toBe('Acme <keys>: API Key Created: reports-nightly');
    expect(branded.html).toContain('src="https://acme.io/logo.png?a=1&amp;b=&quot;2&quot;"');
    expect(branded.html).toContain('alt="Acme &lt;keys&gt;"');
    expect(sample('key-created').html).toContain('>Latchkey</div>');
  });
});

describe('whatever a key is called, its mail', () => {
  const called = (name: string) =>
    sampleMail('key_created', {
      key: { key_alias: name, user_id: name, team_id: name, models: [name] },
    });

  it('shows HTML as text', () => {
    const { html, text } = called('<img src=x onerror="alert(1)">&{{facts}}{{#claim}}');
    expect(html).not.toContain('<img');
    expect(html).toContain(
      '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;{{facts}}{{#claim}}',
    );
    expect(text).toContain('<img src=x onerror="alert(1)">&{{facts}}{{#claim}}');
  });

  it('has no header and no line of its own', () => {
    const { subject, text, html } = called(
      'a\r\nBcc: eve@evil.example\u2028\u0085Owner: root\u0000',
    );
    expect(subject).toBe('Latchkey: API Key Created: a Bcc: eve@evil.example Owner: root');
    expect(text).toContain('Alias: a Bcc: eve@evil.example Owner: root\n');
    for (const part of [text, html]) expect(part).not.toMatch(/^(Bcc|Owner: root)/m);
  });

  it('is turned round by no mark, and a right-to-left name moves nothing else', () => {
    const turned = called('\u202egnp.exe\u2066\u200f\u061cA\u200b');
    for (const part of [turned.subject, turned.html, turned.text]) {
      expect(part).toContain('gnp.exeA');
      expect(part).not.toMatch(/[\u061c\u200b\u200e\u200f\u202a-\u202e\u2066\u2067]/);
    }
    const arabic = called('مفتاح 1');
    expect(arabic.html).toContain('<bdi>مفتاح 1</bdi>');
    expect(arabic.text).toContain('Alias: \u2068مفتاح 1\u2069\n');
  });

  it('keeps joiners, which scripts and emoji need', () => {
    expect(called('क्‍ष 👩‍💻').text).toContain('Alias: क्‍ष 👩‍💻\n');
  });

  it.each([
    ['https://evil.example/pay?x=1', 'https[:]//evil[.]example/pay?x=1'],
    ['see www.evil.example', 'see www[.]evil[.]example'],
    ['HTTP://EVIL.EXAMPLE', 'HTTP[:]//EVIL[.]EXAMPLE'],
    ['javascript://%0aalert(1)', 'javascript[:]//%0aalert(1)'],
  ])('makes no link of %s', (name, shown) => {
    const { subject, html, text } = called(name);
    for (const part of [subject, html, text]) {
      expect(part).toContain(shown);
      expect(part).not.toContain(name);
    }
  });

  it('leaves dots alone elsewhere', () => {
    for (const name of ['gpt-4.1', 'ada.lovelace@acme.io', 'meta.llama3-70b:1']) {
      expect(called(name).text).toContain(`Alias: ${name}\n`);
    }
  });

  it('is cut where it is long, between characters', () => {
    const { subject, text } = called('🔑'.repeat(300));
    expect(subject).toBe(`Latchkey: API Key Created: ${'🔑'.repeat(59)}…`);
    expect(text).toContain(`Alias: ${'🔑'.repeat(199)}…\n`);
    const models = Array.from({ length: 700 }, (_, index) => `model-${index}`);
    const many = sampleMail('key_created', { key: { models } });
    expect(many.text).toContain('model-19 and 680 more\n');
    expect(many.text).not.toContain('model-20');
  });

  it('has no key in it, nor a hash', () => {
    for (const [name, shown] of [
      ['sk-chosen-by-somebody', 'sk-...body'],
      [
        tokenHash(keyValue),
        `${tokenHash(keyValue).slice(0, 4)}...${tokenHash(keyValue).slice(-4)}`,
      ],
      [`sk\u200b-chosen-by-somebody`, 'sk-...body'],
      ['xsk-lk_0123456789ABCDEFG_0123456789ABCDEFGHIJKLMNOPQ_012345x', 'sk-...345x'],
    ] as const) {
      const { subject, html, text } = called(name);
      for (const part of [subject, html, text]) {
        expect(part).toContain(shown);
        expect(part).not.toContain(name);
      }
    }
  });

  it('says so where nothing of it can be shown', () => {
    expect(called('\u200b\u200b').text).toContain('Alias: (nothing that can be shown)\n');
    expect(called('\ud800x').text).toContain('Alias: \ufffdx\n');
  });
});
