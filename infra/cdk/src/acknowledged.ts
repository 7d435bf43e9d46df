import { Validations } from "aws-cdk-lib";
import type { Construct } from "constructs";

import { stackName } from "./shop";

interface Acknowledged {
  rule: string;
  /** The logical ids it is acknowledged for; any other resource still fails. */
  of: RegExp;
  reason: string;
}

/** The stack itself. */
const STACK = new RegExp(`^${stackName}$`);

/** What cdk-nag and the CDK find, and why it may be. */
const ALL: Acknowledged[] = [
  {
    rule: "AwsSolutions::AwsSolutions-SQS3",
    of: /DeadLetters$/,
    reason: "It is itself where dead letters go.",
  },
  {
    rule: "Serverless::Serverless-SQSRedrivePolicy",
    of: /DeadLetters$/,
    reason: "It is itself where dead letters go.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-SQS4",
    of: /(Queue|DeadLetters)$/,
    reason: "Only this stack's roles and its bus use it, and the clients of all of them speak TLS.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-SNS3",
    of: /^Alarms$/,
    reason: "Only CloudWatch and the stack's bus publish to it, and both speak TLS.",
  },
  {
    rule: "Serverless::Serverless-SNSRedrivePolicy",
    of: /^AlarmsByEmail$/,
    reason: "SNS tries an e-mail again by itself, and the alarm stays in CloudWatch.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-APIG4",
    of: /Route$/,
    reason: "The functions ask for the write key, the admin key or the provider's signature; links and pages are public. tests/aws/checks_events.py lists every route with its kind.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sms-voice:*:<AWS::AccountId>:*]",
    of: /^Send(Sms|Code)Role$/,
    reason: "Numbers and sender ids are the shop's, in whichever region they are.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ses:*:<AWS::AccountId>:identity/*]",
    of: /^SendEmailRole$/,
    reason: "Senders are the shop's, in whichever region they are.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ses:*:<AWS::AccountId>:configuration-set/*]",
    of: /^SendEmailRole$/,
    reason: "Configuration sets are the shop's, in whichever region they are.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-CFR3",
    of: /^Edge$/,
    reason: "Every request that it passes on is in the API's access log; its own would hold paths, which name messages.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-CFR4",
    of: /^Edge$/,
    reason: "With a domain the minimum is TLSv1.2_2021; without one, CloudFront decides for its own name.",
  },
  {
    rule: "AwsSolutions::AwsSolutions-CFR1",
    of: /^Edge$/,
    reason: "A customer may follow a link from abroad, and may opt out from there; the web ACL is the shop's place to refuse countries.",
  },
  {
    rule: "CloudFormation-Validate::W1001",
    of: STACK,
    reason: "Outputs name Edge and ApiDomain behind the conditions on which each exists.",
  },
  {
    rule: "CloudFormation-Validate::W1030",
    of: /^EventTargetRule$/,
    reason: "The rule exists only where EventTargetArn is given.",
  },
  {
    rule: "CloudFormation-Validate::W2509",
    of: STACK,
    reason: "Secret and SecretVersion name the secret; what it holds is no parameter.",
  },
];

export function acknowledge(stack: Construct): void {
  for (const construct of stack.node.findAll()) {
    for (const { rule, of, reason } of ALL) {
      if (of.test(construct.node.id)) Validations.of(construct).acknowledge({ id: rule, reason });
    }
  }
}
