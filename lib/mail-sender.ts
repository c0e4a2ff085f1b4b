import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  ConfigurationSet,
  ConfigurationSetTlsPolicy,
  EmailIdentity,
  Identity,
  SuppressionReasons,
} from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import type { Environment } from './environment.ts';
import type { Operation } from './operation.ts';

/** The SES side of mails: who sends, and under which rules. Empty where alerting is off. */
export class MailSender extends Construct {
  /** Name of the configuration set every mail names; null where alerting is off. */
  readonly configurationSet: string | null;
  private readonly environment: Environment;

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    this.environment = environment;
    const { alerting, identity, createsIdentity } = environment.mail;
    if (!alerting || identity === null) {
      this.configurationSet = null;
      return;
    }
    this.configurationSet = new ConfigurationSet(this, 'ConfigurationSet', {
      // Rather no mail than a readable one: it names keys and owners.
      tlsPolicy: ConfigurationSetTlsPolicy.REQUIRE,
      suppressionReasons: SuppressionReasons.BOUNCES_AND_COMPLAINTS,
      reputationMetrics: true,
    }).configurationSetName;
    if (createsIdentity) {
      const created = new EmailIdentity(this, 'Identity', {
        identity: identity.includes('@') ? Identity.email(identity) : Identity.domain(identity),
      });
      // Verified by hand, through a mail or DNS: not to be lost with a stack.
      created.applyRemovalPolicy(
        environment.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      );
    }
  }

  /** Send from this environment's identity under its configuration set. Nothing where alerting is off. */
  grantSend(operation: Operation): void {
    if (this.configurationSet === null) return;
    operation.allow(['ses:SendEmail'], this.resources(operation, this.configurationSet));
  }

  private resources(operation: Operation, configurationSet: string): string[] {
    if (this.environment.local !== null) {
      // The local AWS evaluates SendEmail on the resource `*`, where a named identity matches nothing.
      acknowledgeWildcard(
        operation,
        '*',
        'Only on this machine: the local AWS evaluates ses:SendEmail on * and on nothing else.',
      );
      return ['*'];
    }
    const arn = (resource: string, resourceName: string) =>
      Stack.of(this).formatArn({ service: 'ses', resource, resourceName });
    return [
      arn('identity', String(this.environment.mail.identity)),
      arn('configuration-set', configurationSet),
    ];
  }
}
