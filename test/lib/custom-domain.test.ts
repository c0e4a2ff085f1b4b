import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { plain, resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const { tuned, prod } = sample;
const template = templateOf(tuned);

describe('a custom domain', () => {
  it('is made with its certificate, takes TLS 1.2 at least, and has the API at its root', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::DomainName', {
      DomainName: 'keys.acme.io',
      DomainNameConfigurations: [
        {
          CertificateArn: tuned.domain?.certificateArn,
          EndpointType: 'REGIONAL',
          SecurityPolicy: 'TLS_1_2',
        },
      ],
    });
    const [mapping] = Object.values(resourcesOf(template, 'AWS::ApiGatewayV2::ApiMapping'));
    expect(plain(mapping?.Properties['ApiId'])).toBe('ApiHttp');
    expect(mapping?.Properties).not.toHaveProperty('ApiMappingKey');
  });

  it('is the base URL, in mails and in the output, beside what its DNS record must point at', () => {
    template.hasOutput('ApiUrl', { Value: 'https://keys.acme.io' });
    template.hasOutput('DomainTarget', {
      Value: { 'Fn::GetAtt': [Match.anyValue(), 'RegionalDomainName'] },
    });
    const [one] = Object.values(resourcesOf(template, 'AWS::Lambda::Function'));
    expect(JSON.stringify(one?.Properties['Environment'])).toContain('https://keys.acme.io');
  });

  it('has a DNS record where the environment names a zone, and none elsewhere', () => {
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: 'keys.acme.io.',
      Type: 'A',
      HostedZoneId: 'Z0123456789',
    });
    const { domain } = tuned;
    const elsewhere = templateOf({ ...tuned, domain: domain && { ...domain, hostedZone: null } });
    elsewhere.resourceCountIs('AWS::Route53::RecordSet', 0);
    elsewhere.resourceCountIs('AWS::ApiGatewayV2::DomainName', 1);
  });

  it('is not there unless it is asked for', () => {
    const without = templateOf(prod);
    without.resourceCountIs('AWS::ApiGatewayV2::DomainName', 0);
    expect(Object.keys(without.findOutputs('DomainTarget'))).toEqual([]);
  });
});
