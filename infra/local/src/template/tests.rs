use std::fmt::Write;

use super::{EMBEDDED, Given, Key, Source, Template};

/// Every parameter of the template that has no default, and every secret.
fn given() -> Given {
    let parameters = [
        ("LinkBaseUrl", "http://localhost:8080"),
        ("SandboxUrl", "http://localhost:8081"),
        ("EmailFrom", "shop@example.jp"),
        ("SenderName", "つなぎ商店"),
    ];
    let secrets = [
        ("SANDBOX_KEY", "sandbox-key"),
        ("WRITE_KEY", "write-key"),
        ("CODE_KEY", "code-key"),
        ("ADDRESS_KEY", "address-key"),
        ("ADMIN_KEY", "admin-key"),
        ("CALLBACK_SECRET", "callback-secret"),
        ("WEBHOOK_SECRET", "webhook-secret"),
        ("PROVIDER_SECRETS", "{}"),
    ];
    Given {
        parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        secrets: secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

/// The wiring as text, a line for each thing.
fn wiring(template: &Template) -> String {
    let mut out = String::new();
    let key =
        |key: &Key| key.sort.iter().fold(key.partition.clone(), |text, sort| format!("{text} / {sort}"));
    for (name, table) in &template.tables {
        writeln!(out, "table {name}: {}, expires {:?}", key(&table.key), table.expires).unwrap();
        for (index, properties) in &table.indexes {
            writeln!(out, "  index {index}: {}, {:?}", key(&properties.key), properties.projection).unwrap();
        }
        writeln!(out, "  {:?}", table.attributes).unwrap();
    }
    for (name, queue) in &template.queues {
        write!(out, "queue {name}: hidden {} s, delayed {} s", queue.visibility_seconds, queue.delay_seconds)
            .unwrap();
        match &queue.dead_letters {
            Some(dead) => writeln!(out, ", after {} to {}", dead.max_receives, dead.queue).unwrap(),
            None => writeln!(out).unwrap(),
        }
    }
    writeln!(out, "buses {:?}", template.buses).unwrap();
    for (folder, function) in &template.functions {
        writeln!(out, "function {folder}: {}, {} s", function.logical_id, function.timeout_seconds).unwrap();
        for source in &function.sources {
            match source {
                Source::Queue { queue, batch_size, window_seconds, concurrency } => {
                    write!(out, "  from {queue}, by {batch_size}, waiting {window_seconds} s").unwrap();
                    let limit = concurrency.map(|limit| format!(", {limit} at once")).unwrap_or_default();
                    writeln!(out, "{limit}").unwrap();
                }
                Source::Schedule { name, expression, time_zone } => {
                    writeln!(out, "  at {expression} in {time_zone} as {name}").unwrap();
                }
                Source::Rule { bus, pattern } => writeln!(out, "  on {bus} {pattern}").unwrap(),
            }
        }
        for (name, value) in &function.environment {
            writeln!(out, "  {name}={value}").unwrap();
        }
    }
    for route in &template.routes {
        writeln!(out, "route {} {} → {}", route.method, route.path, route.function).unwrap();
    }
    out
}

#[test]
#[expect(clippy::too_many_lines, reason = "what the whole template says, at one look")]
fn the_templates_wiring() {
    let template = Template::parse(EMBEDDED, &given()).unwrap();
    insta::assert_snapshot!(wiring(&template), @r#"
    table Table: pk / sk, expires Some("expires")
      index due: due_shard / due_at, KeysOnly
      {"due_at": N, "due_shard": S, "pk": S, "sk": S}
    queue CallbackDeadLetters: hidden 30 s, delayed 0 s
    queue CallbackQueue: hidden 300 s, delayed 0 s, after 10 to CallbackDeadLetters
    queue CodesDeadLetters: hidden 30 s, delayed 0 s
    queue CodesQueue: hidden 180 s, delayed 0 s, after 10 to CodesDeadLetters
    queue EmailDeadLetters: hidden 30 s, delayed 0 s
    queue EmailQueue: hidden 270 s, delayed 0 s, after 10 to EmailDeadLetters
    queue EraseDeadLetters: hidden 30 s, delayed 0 s
    queue EraseQueue: hidden 300 s, delayed 0 s, after 10 to EraseDeadLetters
    queue EventDeadLetters: hidden 30 s, delayed 0 s
    queue InboxDeadLetters: hidden 30 s, delayed 0 s
    queue InboxQueue: hidden 181 s, delayed 0 s, after 10 to InboxDeadLetters
    queue LineDeadLetters: hidden 30 s, delayed 0 s
    queue LineQueue: hidden 180 s, delayed 0 s, after 10 to LineDeadLetters
    queue RecomputeDeadLetters: hidden 30 s, delayed 0 s
    queue RecomputeQueue: hidden 360 s, delayed 0 s, after 10 to RecomputeDeadLetters
    queue SmsDeadLetters: hidden 30 s, delayed 0 s
    queue SmsQueue: hidden 180 s, delayed 0 s, after 10 to SmsDeadLetters
    queue WebhookDeadLetters: hidden 30 s, delayed 0 s
    queue WebhookQueue: hidden 900 s, delayed 0 s, after 10 to WebhookDeadLetters
    buses {"Bus"}
    function advance: AdvanceFunction, 30 s
      from InboxQueue, by 100, waiting 1 s, 10 at once
      ADDRESS_KEY=address-key
      BUS_NAME=Bus
      CODE_KEY=code-key
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxDeadLetters
      DUE_SHARDS=8
      EMAIL_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/EmailQueue
      LINE_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/LineQueue
      LOG_LEVEL=info
      SMS_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/SmsQueue
      STAGE=development
      TABLE_NAME=Table
      WEBHOOK_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/WebhookQueue
    function callback: CallbackFunction, 10 s
      on default {"detail":{"mail":{"tags":{"code":[{"exists":true}]}}},"detail-type":[{"anything-but":["Email Sent","Email Clicked","Email Delivery Delayed"]}],"source":["aws.ses"]}
      from CallbackQueue, by 10, waiting 0 s, 2 at once
      on default {"detail":{"context":{"code":[{"exists":true}]},"isFinal":[true]},"detail-type":["Text Message Delivery Status Updated"],"source":["aws.sms-voice"]}
      ADDRESS_KEY=address-key
      CALLBACK_SECRET=callback-secret
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/CallbackDeadLetters
      EDGE_KEY=
      INBOX_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxQueue
      LATER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/CallbackQueue
      LINK_BASE_URL=http://localhost:8080
      LOG_LEVEL=info
      PROVIDER_SECRETS={}
      STAGE=development
      TABLE_NAME=Table
    function erase: EraseFunction, 50 s
      from EraseQueue, by 1, waiting 0 s
      ADDRESS_KEY=address-key
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/EraseDeadLetters
      DEAD_LETTER_QUEUE_URLS=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxDeadLetters https://sqs.ap-northeast-1.amazonaws.com/000000000000/SmsDeadLetters https://sqs.ap-northeast-1.amazonaws.com/000000000000/EmailDeadLetters https://sqs.ap-northeast-1.amazonaws.com/000000000000/LineDeadLetters https://sqs.ap-northeast-1.amazonaws.com/000000000000/CodesDeadLetters https://sqs.ap-northeast-1.amazonaws.com/000000000000/WebhookDeadLetters https://sqs.ap-northeast-1.amazonaws.com/000000000000/CallbackDeadLetters https://sqs.ap-northeast-1.amazonaws.com/000000000000/EventDeadLetters https://sqs.ap-northeast-1.amazonaws.com/000000000000/EraseDeadLetters
      ERASE_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/EraseQueue
      LOG_LEVEL=info
      STAGE=development
      TABLE_NAME=Table
    function ingest: IngestFunction, 10 s
      EDGE_KEY=
      INBOX_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxQueue
      LOG_LEVEL=info
      STAGE=development
      WRITE_KEY=write-key
    function link: LinkFunction, 10 s
      ADDRESS_KEY=address-key
      DUE_SHARDS=8
      EDGE_KEY=
      INBOX_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxQueue
      LOG_LEVEL=info
      SENDER_ADDRESS=
      SENDER_CONTACT=
      SENDER_NAME=つなぎ商店
      STAGE=development
      TABLE_NAME=Table
    function person: PersonFunction, 25 s
      ADDRESS_KEY=address-key
      ADMIN_KEY=admin-key
      EDGE_KEY=
      ERASE_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/EraseQueue
      LOG_LEVEL=info
      STAGE=development
      TABLE_NAME=Table
    function recompute: RecomputeFunction, 60 s
      on Bus {"detail-type":["Definition Applied","Recompute Asked"],"source":["tsunagi"]}
      at cron(0 3 * * ? *) in Asia/Tokyo as tsunagi-recompute
      from RecomputeQueue, by 1, waiting 0 s, 4 at once
      BUS_NAME=Bus
      CODE_KEY=code-key
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/RecomputeDeadLetters
      INBOX_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxQueue
      LOG_LEVEL=info
      RECOMPUTE_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/RecomputeQueue
      STAGE=development
      TABLE_NAME=Table
    function schedule: ScheduleFunction, 30 s
      at rate(1 minute) in UTC as tsunagi-due
      DUE_SHARDS=8
      INBOX_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxQueue
      LOG_LEVEL=info
      STAGE=development
      TABLE_NAME=Table
    function send-code: SendCodeFunction, 30 s
      from CodesQueue, by 5, waiting 0 s
      ADDRESS_KEY=address-key
      CODES_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/CodesQueue
      CODE_KEY=code-key
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/CodesDeadLetters
      LINK_BASE_URL=http://localhost:8080
      LOG_LEVEL=info
      PROVIDER_SECRETS={}
      SENDER_NAME=つなぎ商店
      SMS_PROVIDER=sandbox
      SMS_PROVIDER_KEY=sandbox-key
      SMS_PROVIDER_URL=http://localhost:8081
      STAGE=development
      TABLE_NAME=Table
    function send-email: SendEmailFunction, 45 s
      from EmailQueue, by 10, waiting 0 s, 5 at once
      ADDRESS_KEY=address-key
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/EmailDeadLetters
      EMAIL_FROM=shop@example.jp
      EMAIL_PROVIDER=sandbox
      EMAIL_PROVIDER_KEY=sandbox-key
      EMAIL_PROVIDER_URL=http://localhost:8081
      INBOX_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxQueue
      LINK_BASE_URL=http://localhost:8080
      LOG_LEVEL=info
      PROVIDER_SECRETS={}
      QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/EmailQueue
      SENDER_NAME=つなぎ商店
      SEND_CONCURRENCY=5
      STAGE=development
      TABLE_NAME=Table
    function send-line: SendLineFunction, 30 s
      from LineQueue, by 10, waiting 0 s, 5 at once
      ADDRESS_KEY=address-key
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/LineDeadLetters
      INBOX_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxQueue
      LINE_PROVIDER=sandbox
      LINE_PROVIDER_KEY=sandbox-key
      LINE_PROVIDER_URL=http://localhost:8081
      LINK_BASE_URL=http://localhost:8080
      LOG_LEVEL=info
      PROVIDER_SECRETS={}
      QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/LineQueue
      SENDER_NAME=つなぎ商店
      SEND_CONCURRENCY=5
      STAGE=development
      TABLE_NAME=Table
    function send-sms: SendSmsFunction, 30 s
      from SmsQueue, by 10, waiting 0 s, 5 at once
      ADDRESS_KEY=address-key
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/SmsDeadLetters
      INBOX_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/InboxQueue
      LINK_BASE_URL=http://localhost:8080
      LOG_LEVEL=info
      PROVIDER_SECRETS={}
      QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/SmsQueue
      SENDER_NAME=つなぎ商店
      SEND_CONCURRENCY=5
      SMS_PROVIDER=sandbox
      SMS_PROVIDER_KEY=sandbox-key
      SMS_PROVIDER_URL=http://localhost:8081
      STAGE=development
      TABLE_NAME=Table
    function send-webhook: SendWebhookFunction, 30 s
      from WebhookQueue, by 10, waiting 0 s, 5 at once
      DEAD_LETTER_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/WebhookDeadLetters
      LOG_LEVEL=info
      STAGE=development
      TABLE_NAME=Table
      WEBHOOK_SECRET=webhook-secret
    function verify: VerifyFunction, 10 s
      ADDRESS_KEY=address-key
      CODES_QUEUE_URL=https://sqs.ap-northeast-1.amazonaws.com/000000000000/CodesQueue
      CODE_KEY=code-key
      EDGE_KEY=
      LINK_BASE_URL=http://localhost:8080
      LOG_LEVEL=info
      SENDER_NAME=つなぎ商店
      STAGE=development
      TABLE_NAME=Table
      WRITE_KEY=write-key
    route POST /v1/batch → ingest
    route GET /callbacks/{account} → callback
    route POST /callbacks/{account} → callback
    route GET /c/{code} → link
    route POST /c/{code} → link
    route POST /v1/enroll → ingest
    route GET /f/{code} → link
    route POST /f/{code} → link
    route HEAD /l/{code} → link
    route HEAD /l/{code}/{link} → link
    route POST /v1/identify → ingest
    route GET /l/{code} → link
    route GET /l/{code}/{link} → link
    route GET /o/{code} → link
    route POST /o/{code} → link
    route GET /p/{file} → link
    route POST /v1/person/erase → person
    route POST /v1/person/erasure → person
    route POST /v1/person/export → person
    route POST /o/{code}/preferences → link
    route POST /v1/remove → ingest
    route GET /callbacks/{account}/{segment} → callback
    route POST /callbacks/{account}/{segment} → callback
    route POST /v1/track → ingest
    route GET /v/{token} → link
    route POST /v/{token} → link
    route POST /v1/verifications/check → verify
    route POST /v1/verifications → verify
    "#);
}

#[test]
fn rules_are_found_by_bus() {
    let template = Template::parse(EMBEDDED, &given()).unwrap();
    let rules: Vec<_> =
        template.rules("Bus").map(|(pattern, folder)| format!("{pattern} → {folder}")).collect();
    insta::assert_debug_snapshot!(rules, @r#"
    [
        "{\"detail-type\":[\"Definition Applied\",\"Recompute Asked\"],\"source\":[\"tsunagi\"]} → recompute",
    ]
    "#);
    let of_aws: Vec<_> = template.rules("default").map(|(_, folder)| folder).collect();
    assert_eq!(of_aws, ["callback", "callback"]);
    assert_eq!(template.rules("other").count(), 0);
}

/// The one error of the template with `from` replaced by `to` everywhere.
fn error_with(from: &str, to: &str) -> String {
    assert!(EMBEDDED.contains(from), "{from:?} is not in the template");
    match Template::parse(&EMBEDDED.replace(from, to), &given()) {
        Ok(_) => format!("{to:?} is accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_broken_template_is_refused_with_its_remedy() {
    let cases = [
        ("TABLE_NAME: !Ref Table", "TABLE_NAME: !Ref Tabel"),
        ("INBOX_QUEUE_URL: !Ref InboxQueue", "INBOX_QUEUE_URL: !ImportValue Inbox"),
        ("Queue: !GetAtt SmsQueue.Arn", "Queue: !GetAtt SmsQueu.Arn"),
        ("Queue: !GetAtt SmsQueue.Arn", "Queue: !GetAtt Table.Arn"),
        ("deadLetterTargetArn: !GetAtt SmsDeadLetters.Arn", "deadLetterTargetArn: !GetAtt Bus.Arn"),
        ("EventBusName: !Ref Bus", "EventBusName: other"),
        ("target/lambda/send-sms", "target/lambda/send_sms"),
        ("target/lambda/send-sms", "target/lambda/send-email"),
        ("            FunctionResponseTypes: [ReportBatchItemFailures]\n", ""),
        ("            MaximumBatchingWindowInSeconds: 1\n", ""),
        ("VisibilityTimeout: 360", "VisibilityTimeout: 60"),
        ("VisibilityTimeout: 181", "VisibilityTimeout: 181\n      FifoQueue: true"),
        ("Target: !Sub \"integrations/${CallbackIntegration}\"", "Target: integrations/Callback"),
        ("IntegrationUri: !GetAtt LinkFunction.Arn", "IntegrationUri: !GetAtt Table.Arn"),
        ("RouteKey: POST /v1/track", "RouteKey: $default"),
        ("FunctionName: !Ref LinkFunction", "FunctionName: !Ref IngestFunction"),
        ("PayloadFormatVersion: \"2.0\"", "PayloadFormatVersion: \"1.0\""),
        ("            Name: !Sub \"${AWS::StackName}-due\"\n", ""),
        ("rate(1 minute)", "rate(1 fortnight)"),
        ("cron(0 3 * * ? *)", "cron(0 3 * * *)"),
        ("MaximumConcurrency: 4", "MaximumConcurrency: 1"),
        ("Action: events:PutEvents", "Action: events:PutRule"),
        ("        - { AttributeName: due_at, AttributeType: N }\n", ""),
        ("Type: AWS::SNS::Topic\n", "Type: AWS::Kinesis::Stream\n"),
        ("Default: Asia/Tokyo", "AllowedValues: [Asia/Tokyo]"),
        ("Default: development", "Default: staging"),
        ("${AWS::StackName}-due", "${AWS::StackName-due"),
        ("Timeout: 60", "Timeout: a minute"),
        ("SecretString:ADMIN_KEY", "SecretString:ADMIN"),
        ("!If [HasSandbox,", "!If [HasSandpit,"),
        ("  HasSandbox: !Not [!Equals [", "  HasSandbox: !Not [!Length ["),
        ("Role: !GetAtt VerifyRole.Arn", "Role: !GetAtt Table.Arn"),
    ];
    let errors: Vec<_> = cases.iter().map(|(from, to)| error_with(from, to)).collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    AdvanceFunction: it refers to Tabel, which is neither a parameter nor a resource; add the resource or correct the name
    CallbackFunction: Fn::ImportValue of "Inbox" is not known to the one-machine runtime; write it with Ref, GetAtt, If, or Sub of one string
    SendSmsFunction: it refers to SmsQueu.Arn, which does not exist; use the Arn of a table, queue, bus or function of this template
    SendSmsFunction: it takes batches from Table, which is no queue; name the Arn of a queue of this template
    SmsQueue: its dead letters go to Bus, which is no queue; name the Arn of a queue of this template
    RecomputeFunction: its rule is on other, which is no bus; name an event bus of this template
    SendSmsFunction: CodeUri names functions/send_sms, which does not exist; end it in one of ingest, advance, schedule, recompute, send-sms, send-email, send-line, send-webhook, send-code, callback, link, verify, person, erase
    SendSmsFunction: functions/send-email is SendEmailFunction too; give each folder under functions/ one function
    AdvanceFunction.Inbox: one failed message would bring its whole batch back; set FunctionResponseTypes: [ReportBatchItemFailures]
    AdvanceFunction: batches of 100 from InboxQueue without a batching window; set MaximumBatchingWindowInSeconds to 1 or more
    RecomputeQueue: messages are hidden for 60 s while RecomputeFunction may take 60 s; set VisibilityTimeout to 360 or more
    InboxQueue: unknown field `FifoQueue`, expected one of `VisibilityTimeout`, `DelaySeconds`, `RedrivePolicy`, `MessageRetentionPeriod`, `SqsManagedSseEnabled`; write it as the one-machine runtime reads AWS::SQS::Queue
    CallbackGetRoute: its target integrations/Callback is no integration; write it as !Sub "integrations/${AnIntegration}"
    ConfirmPageRoute: its integration invokes Table, which is no function; set IntegrationUri to the Arn of a function of this template
    TrackRoute: RouteKey "$default" is not a method and a path; write it like "GET /l/{code}"
    ConfirmPageRoute: the API may not invoke LinkFunction; add an AWS::Lambda::Permission for apigateway.amazonaws.com
    CallbackIntegration: the functions do not read payload 1.0; set PayloadFormatVersion to "2.0"
    ScheduleFunction.Due: the schedule has no Name, so two stacks in one account collide; set one that begins with ${AWS::StackName}
    ScheduleFunction: the rate "1 fortnight" does not read; write it like rate(5 minutes)
    RecomputeFunction: the schedule cron(0 3 * * *) does not read: 5 fields, not six; write minutes, hours, day of month, month, day of week and year, with ? for one of the days: cron(0 3 * * ? *)
    RecomputeFunction: MaximumConcurrency 1 for RecomputeQueue is out of range; set it to 2 to 1000
    AdvanceFunction: it is given BUS_NAME but no permission to use Bus; allow events:PutEvents on Bus in its role, or take the variable away
    Table: the key attribute due_at has no type; add it to AttributeDefinitions
    Alarms: the one-machine runtime has no AWS::Kinesis::Stream; teach it the type (infra/local/src/template.rs) or leave the resource out
    parameter TimeZone: no value is given and it has no default; give it a value
    parameter Stage: staging is not allowed; use one of development, production
    ScheduleFunction: a ${ in "${AWS::StackName-due" is never closed; close it with }
    RecomputeFunction: invalid type: string "a minute", expected u32; write it as the one-machine runtime reads AWS::Serverless::Function
    PersonFunction: the secret holds no "ADMIN"; name one of ADDRESS_KEY, ADMIN_KEY, CALLBACK_SECRET, CODE_KEY, PROVIDER_SECRETS, SANDBOX_KEY, WEBHOOK_SECRET, WRITE_KEY
    SendCodeFunction: it depends on HasSandpit, which is no condition; add it to Conditions or correct the name
    HasSandbox: {"Fn::Length":[{"Ref":"SandboxUrl"},""]} is not known to the one-machine runtime; write it with Equals, Not, And, Or, or Condition
    VerifyFunction: its role is Table, which is no role; set Role to the Arn of a role of this template
    "#);
}

#[test]
fn what_watches_a_stack_and_what_it_is_paid_by() {
    let template = Template::parse(EMBEDDED, &given()).unwrap();
    // By hand: ten queues of dead letters; the inbox and three senders; table and functions; four with one each.
    assert_eq!((template.alarms["DeadLettersAlarm"], template.alarms["OldestMessageAlarm"]), (10, 4));
    assert_eq!((template.alarms["ThrottlesAlarm"], template.alarms["ErrorsAlarm"]), (2, 1));
    assert_eq!(template.alarms.values().sum::<u32>(), 20);
    assert_eq!((template.dashboards.len(), template.secrets.len()), (1, 1));
    assert_eq!((template.functions["advance"].memory_mb, template.functions["link"].memory_mb), (512, 256));

    let mut given = given();
    given.parameters.insert("AwsSmsAlarmUsd".to_owned(), "100".to_owned());
    assert!(Template::parse(EMBEDDED, &given).unwrap().alarms.contains_key("AwsSmsAlarm"));
}

#[test]
fn a_parameter_the_template_does_not_have_is_refused() {
    let mut given = given();
    given.parameters.insert("Timezone".to_owned(), "UTC".to_owned());
    let error = Template::parse(EMBEDDED, &given).unwrap_err().to_string();
    assert!(error.starts_with(
        "parameter Timezone: the template has none of this name; use one of AdvanceConcurrency, "
    ));
}

#[test]
fn an_error_in_the_yaml_says_where() {
    let error = Template::parse("Resources:\n  A: [", &Given::default()).unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
}
