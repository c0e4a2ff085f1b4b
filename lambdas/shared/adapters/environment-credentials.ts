/**
 * Stands in for `@aws-sdk/credential-provider-node` in the bundles (`scripts/build.ts` aliases it).
 * Lambda always gives a function its role's credentials in these variables and ends the environment
 * before they expire, so the SDK's other sources (profiles, SSO, web identity, instance metadata)
 * are a third of the bundle and of the cold start for nothing.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Credentials from the environment. Rejects, naming the variable, where one is missing. */
export const defaultProvider = () => async (): Promise<Credentials> => {
  const sessionToken = process.env.AWS_SESSION_TOKEN;
  return {
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
};

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`No AWS credentials: environment variable ${name} is not set`);
  }
  return value;
}
