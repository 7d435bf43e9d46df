use super::*;

const NINE: Timestamp = Timestamp::from_seconds(1_795_305_600);
const MESSAGES: usize = 20_000;

fn plans(channel: Channel) -> Vec<Vec<(Timestamp, Action)>> {
    (0..MESSAGES)
        .map(|n| {
            let (to, reference) = (format!("person{}", n % 5000), format!("m{n}"));
            let message = Addressed { channel, to: &to, reference: &reference };
            plan(11, &PeopleSettings::default(), message, NINE)
        })
        .collect()
}

fn share(plans: &[Vec<(Timestamp, Action)>], wanted: impl Fn(Action) -> bool) -> f64 {
    let count = plans.iter().filter(|plan| plan.iter().any(|(_, action)| wanted(*action))).count();
    count as f64 / plans.len() as f64
}

fn near(share: f64, expected: f64) {
    assert!((share / expected - 1.0).abs() < 0.3, "{share} is not about {expected}");
}

#[test]
fn people_do_what_the_settings_say() {
    let sms = plans(Channel::Sms);
    near(share(&sms, |action| action == Action::Undelivered), 0.02);
    near(share(&sms, |action| action == Action::Click), 0.12);
    near(share(&sms, |action| matches!(action, Action::Reply(_))), 0.01);
    near(share(&sms, |action| matches!(action, Action::Reply(Words::Stop | Words::StopJapanese))), 0.005);
    near(share(&sms, |action| matches!(action, Action::StartCheckout { .. })), 0.12 * 0.25);
    near(share(&sms, |action| matches!(action, Action::Buy { spontaneous: false, .. })), 0.12 * 0.125);
    near(share(&sms, |action| matches!(action, Action::Buy { spontaneous: true, .. })), 0.01);
    let email = plans(Channel::Email);
    near(share(&email, |action| action == Action::Scan), 0.03);
    near(share(&email, |action| action == Action::Open), 0.35);
    near(share(&email, |action| action == Action::Click), 0.08);
    near(share(&email, |action| matches!(action, Action::Bounced { permanent: true })), 0.01);
    near(share(&email, |action| matches!(action, Action::Reply(_))), 0.02);
}

#[test]
fn people_act_awake_in_order_and_in_time() {
    for plan in plans(Channel::Sms).into_iter().chain(plans(Channel::Email)) {
        let mut clicked = None;
        for (at, action) in plan {
            let of_day = (at.seconds() + JAPAN_SECONDS).rem_euclid(DAY);
            let awake = (WAKE_SECONDS..SLEEP_SECONDS).contains(&of_day);
            match action {
                Action::Delivered | Action::Undelivered | Action::Bounced { .. } | Action::Scan => {
                    assert!((2..=20).contains(&at.since(NINE)));
                }
                Action::Open | Action::Reply(_) => assert!(awake),
                Action::Click => {
                    assert!(awake && at.since(NINE) < 3 * DAY);
                    clicked = Some(at);
                }
                Action::StartCheckout { amount_yen } | Action::Buy { amount_yen, spontaneous: false } => {
                    assert!(awake && clicked.is_some_and(|click| at > click));
                    assert!((1500..=9000).contains(&amount_yen) && amount_yen.is_multiple_of(10));
                }
                Action::Buy { spontaneous: true, .. } => assert!(awake && at.since(NINE) <= 21 * DAY),
            }
        }
    }
}

#[test]
fn a_plan_depends_on_nothing_but_its_arguments() {
    let one = |seed| {
        let message = Addressed { channel: Channel::Email, to: "hana@example.jp", reference: "k3Jd02" };
        plan(seed, &PeopleSettings::default(), message, NINE)
    };
    assert_eq!(one(3), one(3));
    assert!((0..50).any(|seed| one(seed) != one(3)));
    let quiet = Addressed { channel: Channel::Sms, to: "+819012345678", reference: "k3Jd02" };
    let plan = plan(3, &PeopleSettings::quiet(), quiet, NINE);
    assert!(matches!(plan.as_slice(), [(_, Action::Delivered)]));
}
