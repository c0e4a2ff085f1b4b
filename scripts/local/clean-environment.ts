import { nodePath } from './project.ts';

/** What a child may take over from the user's environment. All else, AWS settings above all, is dropped. */
const inherited = [
  'LANG',
  'LC_ALL',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'PIP_INDEX_URL',
  'PIP_CERT',
  'HTTPS_PROXY',
  'https_proxy',
];

/**
 * The environment of a child process: the pinned Node first on the path, a home folder of its own, and
 * no trace of the user's AWS account, profile or `~/.aws`.
 */
export function cleanEnvironment(
  home: string,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const kept = inherited.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(kept),
    PATH: nodePath,
    HOME: home,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_PROXY: '127.0.0.1,localhost,::1',
    ...extra,
  };
}
