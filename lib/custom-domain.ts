// oxlint-disable no-new -- a construct adds itself to its scope
import {
  ApiMapping,
  DomainName,
  type HttpStage,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import type { DomainSettings } from './environment.ts';

/**
 * The name under which callers reach the API, at its root. With a hosted zone the stack also makes the
 * DNS record; without one somebody points the name at `target`.
 */
export class CustomDomain extends Construct {
  /** What the name's DNS record must point at. */
  readonly target: string;

  constructor(scope: Construct, id: string, settings: DomainSettings, stage: HttpStage) {
    super(scope, id);
    const { name, certificateArn, hostedZone } = settings;
    const domainName = new DomainName(this, 'Name', {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    new ApiMapping(this, 'Mapping', { api: stage.api, domainName, stage });
    const { regionalDomainName, regionalHostedZoneId } = domainName;
    this.target = regionalDomainName;
    if (hostedZone === null) return;
    new ARecord(this, 'Record', {
      zone: HostedZone.fromHostedZoneAttributes(this, 'Zone', {
        hostedZoneId: hostedZone.id,
        zoneName: hostedZone.name,
      }),
      recordName: name,
      target: RecordTarget.fromAlias(
        new ApiGatewayv2DomainProperties(regionalDomainName, regionalHostedZoneId),
      ),
    });
  }
}
