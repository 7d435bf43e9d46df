//! Steps that tell a system of the shop's own, and the names that steps have.

use std::collections::BTreeSet;

use super::Builder;
use crate::definition::WebhookSource;
use crate::journey::{Step, WebhookStep};
use crate::names::StepName;
use crate::webhook::TRAITS_LIMIT;

impl Builder {
    pub(super) fn webhook(&mut self, webhook: &WebhookSource, place: &str) {
        self.take_name(&webhook.name, place);
        self.webhooks.insert(webhook.name.clone());
        let mut traits = BTreeSet::new();
        for (index, name) in webhook.traits.iter().enumerate() {
            let place = format!("{place}.traits[{index}]");
            if name.is_empty() {
                self.wrong(&place, "the name is empty; name a trait");
            } else if !traits.insert(name.clone()) {
                self.wrong(&place, &format!("`{name}` stands here twice; keep one of them"));
            }
        }
        if webhook.traits.len() > TRAITS_LIMIT {
            let what = format!("{} traits; at most {TRAITS_LIMIT}", webhook.traits.len());
            self.wrong(&format!("{place}.traits"), &what);
        }
        let (name, url) = (webhook.name.clone(), webhook.url.clone());
        self.steps.push(Step::Webhook(WebhookStep { name, url, traits, next: None }));
    }

    /// Takes the name of a step, which no other step of the journey has.
    pub(super) fn take_name(&mut self, name: &StepName, place: &str) {
        if self.named.contains_key(name) || self.webhooks.contains(name) {
            let place = format!("{place}.name");
            self.wrong(&place, &format!("the name `{name}` is taken by an earlier step; choose another"));
        }
    }
}
