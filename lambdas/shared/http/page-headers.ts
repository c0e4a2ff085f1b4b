interface Needs {
  /** Where its styles come from. */
  readonly style: string;
  /** Where its images come from. */
  readonly image: string;
  /** Directives besides. */
  readonly more?: readonly string[];
}

/**
 * Headers of a page, by which it runs the scripts of its origin alone, calls nothing but the API that it
 * came from, sends no form, and is shown in no frame.
 */
export const pageHeaders = ({ style, image, more = [] }: Needs): Record<string, string> => ({
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${style}`,
    `img-src ${image}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    ...more,
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
});
