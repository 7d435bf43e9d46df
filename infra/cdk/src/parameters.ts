/** The parameters of ../../template.yaml, where each is described; infra/README.md has them in one table. */
export interface Parameters {
  Stage?: "development" | "production";
  Architecture?: "x86_64" | "arm64";
  TimeZone?: string;
  Secret?: string;
  SecretVersion?: string;
  SenderName: string;
  SenderAddress?: string;
  SenderContact?: string;
  EmailFrom: string;
  SandboxUrl?: string;
  LinkBaseUrl?: string;
  DomainName?: string;
  CertificateArn?: string;
  HostedZoneId?: string;
  WebAclArn?: string;
  DueShards?: number;
  AdvanceConcurrency?: number;
  SmsConcurrency?: number;
  EmailConcurrency?: number;
  LineConcurrency?: number;
  ApiRate?: number;
  ApiBurst?: number;
  LogDays?: 1 | 3 | 5 | 7 | 14 | 30 | 60 | 90 | 120 | 150 | 180 | 365 | 400 | 545 | 731;
  AlarmEmail?: string;
  QueueAlarmSeconds?: number;
  AwsSmsAlarmUsd?: number;
  EventTargetArn?: string;
}
