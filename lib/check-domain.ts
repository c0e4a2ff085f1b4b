import type { Environment } from './environment.ts';
import type { Refuse } from './environment-error.ts';

const label = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';
const hostName = new RegExp(`^(${label}\\.)+[a-z]{2,}$`);
const certificate = /^arn:aws[a-z-]*:acm:([a-z0-9-]+):(\d{12}):certificate\/.+$/;

/**
 * The base URL that callers use: the custom domain's, where there is one. Refuses a domain that API
 * Gateway would not take, and one that another setting contradicts.
 */
export function checkDomain(environment: Environment, refuse: Refuse): string | null {
  const { domain, baseUrl, region, account, local } = environment;
  if (domain === null) return baseUrl;
  const { name, certificateArn, hostedZone } = domain;
  if (local !== null)
    refuse('domain', 'is for AWS: the local API has a loopback address, use null');
  if (!hostName.test(name)) {
    refuse('domain.name', `is "${name}": use a host name in lower case, such as keys.your-domain`);
  }
  const [, itsRegion, itsAccount] = certificate.exec(certificateArn) ?? [];
  if (itsRegion === undefined) {
    refuse('domain.certificateArn', `is "${certificateArn}": use the ARN of a certificate of ACM`);
  }
  // API Gateway takes no certificate of another region, and says so in the midst of a deploy.
  if (region !== itsRegion) {
    refuse(
      'domain.certificateArn',
      `is of ${itsRegion}, and region is ${region ?? 'not set'}: both must be the same`,
    );
  }
  if (account !== undefined && account !== itsAccount) {
    refuse('domain.certificateArn', `is of account ${itsAccount}, and account is ${account}`);
  }
  if (hostedZone !== null && !`.${name}`.endsWith(`.${hostedZone.name}`)) {
    refuse('domain.hostedZone', `is of "${hostedZone.name}", which ${name} is not in`);
  }
  const url = `https://${name}`;
  if (baseUrl !== null && baseUrl !== url) {
    refuse('baseUrl', `is "${baseUrl}", and domain.name makes it "${url}": set it to null`);
  }
  return url;
}
