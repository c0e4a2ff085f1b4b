import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  ConfigurationSet,
  ConfigurationSetTlsPolicy,
  EmailIdentity,
  EmailSendingEvent,
  EventDestination,
  Identity,
  SuppressionReasons,
} from 'aws-cdk-lib/aws-ses';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import type { Environment } from './environment.ts';
import type { Operation } from './operation.ts';

/** The SES side of mails: who sends, and under which rules. Empty where alerting is off. */
export class MailSender extends Construct {
  /** Name of the configuration set every mail names; null where alerting is off. */
  readonly configurationSet: string | null;
  private readonly set: ConfigurationSet | null;
  private readonly environment: Environment;

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    this.environment = environment;
    const { alerting, identity, createsIdentity } = environment.mail;
    if (!alerting || identity === null) {
      this.configurationSet = null;
      this.set = null;
      return;
    }
    this.set = new ConfigurationSet(this, 'ConfigurationSet', {
      // Rather no mail than a readable one: it names keys and owners.
      tlsPolicy: ConfigurationSetTlsPolicy.REQUIRE,
      suppressionReasons: SuppressionReasons.BOUNCES_AND_COMPLAINTS,
      reputationMetrics: true,
    });
    this.configurationSet = this.set.configurationSetName;
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

  /** Has SES tell the topic what becomes of each mail. Nothing where alerting is off. */
  publishTo(topic: ITopic): void {
    const destination = this.set?.addEventDestination('Deliveries', {
      destination: EventDestination.snsTopic(topic),
      events: [
        EmailSendingEvent.SEND,
        EmailSendingEvent.DELIVERY,
        EmailSendingEvent.BOUNCE,
        EmailSendingEvent.COMPLAINT,
        EmailSendingEvent.REJECT,
      ],
    });
    // SES tries the topic when the destination is made: its policy must be there by then.
    destination?.node.addDependency(topic);
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
