//! What is to be done outside when a customer has changed: a function of before and after alone, so that whatever was
//! lost on the way can be made again from the customer as it stands.

use crate::contact::Channel;
use crate::customer::{Customer, Membership};
use crate::enrollment::{Enrollment, Message, Visit};
use crate::input::{Announced, Announcement, Effect, List, SendTask, WebhookTask};
use crate::ledger::Row;
use crate::time::Timestamp;

/// What a change from `before` to `after` calls for: messages and webhooks first, then rows, then
/// news.
pub fn effects(before: &Customer, after: &Customer) -> Vec<Effect> {
    let mut effects = Vec::new();
    for enrollment in &after.enrollments {
        let was = before.enrollments.iter().find(|was| same(was, enrollment));
        effects.extend(sends(was, enrollment, after));
        effects.extend(webhooks(was, enrollment, after));
    }
    for enrollment in &after.enrollments {
        let was = before.enrollments.iter().find(|was| same(was, enrollment));
        let row = Row::of(enrollment);
        if was.is_none_or(|was| Row::of(was) != row) {
            effects.push(Effect::Ledger {
                journey: enrollment.journey.clone(),
                entered: enrollment.entered,
                key: enrollment.key.clone(),
            });
        }
    }
    for (list, membership) in lists(after) {
        if !lists(before).any(|(was, state)| was == list && state == membership) {
            effects.push(Effect::Member {
                list: list.clone(),
                member: membership.member,
                since: membership.since,
            });
            effects.push(Effect::Announce(announce_membership(after, list, membership)));
        }
    }
    for enrollment in &after.enrollments {
        let was = before.enrollments.iter().find(|was| same(was, enrollment));
        if let Some(goal) = enrollment.goal
            && was.is_none_or(|was| was.goal.is_none())
        {
            effects.push(Effect::Announce(Announcement {
                id: goal_id(after, enrollment),
                customer: after.id.clone(),
                at: goal.at,
                what: Announced::GoalReached { journey: enrollment.journey.clone(), yen: goal.yen },
            }));
        }
    }
    for channel in Channel::ALL {
        if let Some(address) = after.address(channel)
            && before.address(channel) != Some(address)
        {
            effects.push(Effect::Alias { channel, address: address.to_owned() });
        }
    }
    effects
}

/// Everything the customer as it stands calls for: what a redelivered input makes again.
pub fn all(customer: &Customer) -> Vec<Effect> {
    effects(&Customer::new(customer.id.clone()), customer)
}

fn same(was: &Enrollment, enrollment: &Enrollment) -> bool {
    was.journey == enrollment.journey
        && was.version == enrollment.version
        && was.entered == enrollment.entered
        && was.key == enrollment.key
}

fn goal_id(customer: &Customer, enrollment: &Enrollment) -> String {
    let key = enrollment.key.as_ref().map(|key| format!("/{key}")).unwrap_or_default();
    format!("{}/{}/{}{key}/goal", customer.id, enrollment.journey, enrollment.entered.seconds())
}

/// Messages that were handed over by this change, for the first time or again.
fn sends(was: Option<&Enrollment>, enrollment: &Enrollment, customer: &Customer) -> Vec<Effect> {
    let handing = |message: &Message| (message.step, message.at, message.asked);
    let handed = |enrollment: &Enrollment| -> Vec<(usize, Timestamp, u32)> {
        let outstanding = enrollment.messages().filter(|message| enrollment.is_outstanding(message));
        outstanding.map(handing).collect()
    };
    let before = was.map(handed).unwrap_or_default();
    let outstanding = enrollment.messages().filter(|message| enrollment.is_outstanding(message));
    let fresh = outstanding.filter(|message| !before.contains(&handing(message)));
    fresh
        .map(|message| Effect::Send {
            channel: message.channel,
            task: SendTask { customer: customer.id.clone(), code: message.code.clone() },
        })
        .collect()
}

/// Webhooks whose steps were passed by this change.
fn webhooks(was: Option<&Enrollment>, enrollment: &Enrollment, customer: &Customer) -> Vec<Effect> {
    let known = |visit: &Visit| was.is_some_and(|was| was.visits.contains(visit));
    let fresh = enrollment.visits.iter().filter(|visit| !known(visit));
    fresh
        .filter_map(|visit| match visit {
            Visit::Webhook { step, code, at } => Some(Effect::Webhook(WebhookTask {
                customer: customer.id.clone(),
                code: code.clone(),
                journey: enrollment.journey.clone(),
                version: enrollment.version,
                step: *step,
                at: *at,
                key: enrollment.key.clone(),
                event: enrollment.event.clone(),
                definitions: customer.definitions,
            })),
            Visit::Message(_) | Visit::Took { .. } | Visit::Card { .. } => None,
        })
        .collect()
}

fn lists(customer: &Customer) -> impl Iterator<Item = (List, Membership)> {
    let segments =
        customer.segments.iter().map(|(name, membership)| (List::Segment(name.clone()), *membership));
    let audiences =
        customer.audiences.iter().map(|(name, membership)| (List::Audience(name.clone()), *membership));
    segments.chain(audiences)
}

fn announce_membership(customer: &Customer, list: List, membership: Membership) -> Announcement {
    let name = match &list {
        List::Segment(name) => format!("segment/{name}"),
        List::Audience(name) => format!("audience/{name}"),
    };
    Announcement {
        // Within one second a customer may come onto a list and leave it: two pieces of news.
        id: format!(
            "{}/{name}/{}/{}",
            customer.id,
            membership.since.seconds(),
            if membership.member { "on" } else { "off" }
        ),
        customer: customer.id.clone(),
        at: membership.since,
        what: Announced::Membership { list, member: membership.member },
    }
}
