//! The page to opt out, and what can be chosen per channel and purpose.

use std::collections::BTreeMap;

use axum::response::Html;
use domain::consent::Purpose;
use domain::contact::Channel;
use maud::{Markup, html};

use super::{Shop, matter, means, page, told, wording};

/// What can be chosen: messages of a purpose on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) channel: Channel,
    pub(crate) purpose: Purpose,
    /// Whether they come; in a form that is posted, whether they are to come.
    pub(crate) on: bool,
}

impl Choice {
    /// Reads a form as [`optout`] shows it.
    pub(crate) fn read(fields: &BTreeMap<String, String>) -> Option<Self> {
        let field = |name: &str| fields.get(name).map(String::as_str);
        let on = match field("to")? {
            "on" => true,
            "off" => false,
            _ => return None,
        };
        let channel = Channel::ALL.into_iter().find(|it| Some(it.name()) == field("channel"))?;
        let purpose = Purpose::ALL.into_iter().find(|it| Some(it.name()) == field("purpose"))?;
        Some(Self { channel, purpose, on })
    }
}

/// One tap opts out of what the message was; below it all else can be chosen.
pub(crate) fn optout(shop: &Shop, channel: Channel, code: &str, choices: &[Choice]) -> Html<String> {
    let (stops, english) = wording(shop, channel, Purpose::Marketing, false);
    page(
        shop,
        ("配信の停止", "Stop our messages"),
        &html! {
            (told(&stops, &english))
            form method="post" { button type="submit" { "停止する / Stop" } }
            @if !choices.is_empty() {
                h2 { "受け取るものを選ぶ / Choose what you receive" }
                @for choice in choices { (switch(shop, code, *choice)) }
            }
        },
    )
}

fn switch(shop: &Shop, code: &str, Choice { channel, purpose, on }: Choice) -> Markup {
    let ((by, with), (what, matter)) = (means(channel), matter(purpose));
    let (words, english) = wording(shop, channel, purpose, !on);
    html! {
        form method="post" action={ (code) "/preferences" } {
            fieldset {
                legend {
                    (by) ": " (what) " - " @if on { "受け取っています" } @else { "停止しています" }
                    span lang="en" { (matter) " by " (with) ": " @if on { "on" } @else { "off" } }
                }
                (told(&words, &english))
                input type="hidden" name="channel" value=(channel.name());
                input type="hidden" name="purpose" value=(purpose.name());
                input type="hidden" name="to" value=(if on { "off" } else { "on" });
                button class="quiet" type="submit" {
                    @if on { (by) "を停止する / Stop" } @else { (by) "で受け取る / Receive" }
                }
            }
        }
    }
}

/// It is done; `back` leads to the page with all choices.
pub(crate) fn saved(shop: &Shop, Choice { channel, purpose, on }: Choice, back: &str) -> Html<String> {
    let ((by, with), (what, matter)) = (means(channel), matter(purpose));
    let (title, body) = if on {
        let body = told(
            &format!("{what}を{by}で受け取るご希望を承りました。"),
            &format!("We noted that you want {matter} by {with}."),
        );
        (("承りました", "Noted"), body)
    } else {
        let body = told(
            &format!("{what}の{by}は届かなくなります。"),
            &format!("You will get no more {matter} by {with}."),
        );
        (("停止しました", "Stopped"), body)
    };
    page(
        shop,
        title,
        &html! {
            (body)
            p { a href=(back) { "ほかの設定 / Other choices" } }
        },
    )
}
