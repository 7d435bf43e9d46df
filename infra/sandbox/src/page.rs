//! The inbox as a page. Everything in it was written by someone else: maud escapes it.

use domain::time::Timestamp;
use maud::{DOCTYPE, Markup, html};

use crate::listing::{Channel, Entry, Stats};
use crate::urls;

const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;\
    color:#222;background:#fafaf7}header p{color:#666}article{background:#fff;border:1px solid #e2e2da;\
    border-radius:8px;padding:.8rem 1rem;margin:1rem 0}article h2{font-size:1rem;margin:0}small{color:#666}\
    pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:.5rem 0 0}.twice{color:#b00020;font-weight:600}";

/// The page with these messages, in their order.
pub(crate) fn inbox(entries: &[Entry], stats: Stats) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Sandbox inbox" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Sandbox inbox" }
                    p {
                        (stats.distinct) " messages (" (stats.sms.distinct) " SMS, " (stats.email.distinct)
                        " e-mails, " (stats.line.distinct) " by LINE), " (stats.sms.parts) " SMS parts, ¥" (stats.sms.price_yen) ". "
                        @if stats.duplicates > 0 { span.twice { (stats.duplicates) " accepted again." } }
                        " Nothing here has left this machine."
                    }
                }
                main {
                    @if entries.is_empty() { p { "No message yet." } }
                    @for entry in entries { (message(entry)) }
                }
            }
        }
    }
}

fn message(entry: &Entry) -> Markup {
    let at = Timestamp::from_seconds(entry.accepted_at.div_euclid(1000)).to_string();
    html! {
        article {
            h2 { (entry.subject.as_deref().unwrap_or(&entry.to)) }
            small {
                @match entry.channel {
                    Channel::Sms => { "SMS, " (entry.parts) " part(s), ¥" (entry.price_yen) }
                    Channel::Email => { "E-mail" }
                    Channel::Line => { "LINE" }
                }
                " to " (entry.to) " · " time datetime=(at) { (at) } " · " (entry.reference)
                @if entry.times > 1 { " · " span.twice { "accepted " (entry.times) " times" } }
            }
            @if let Some(text) = &entry.text { pre { (linked(text)) } } @else { p { "Its text is not kept." } }
        }
    }
}

fn linked(text: &str) -> Markup {
    let mut from = 0;
    html! {
        @for range in urls::find(text) {
            @let before = &text[std::mem::replace(&mut from, range.end)..range.start];
            @let url = &text[range];
            (before) a href=(url) rel="noopener noreferrer" { (url) }
        }
        (text[from..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_escaped() {
        let evil = "<script>alert(1)</script>\"'& http://a.jp/\"onclick=x";
        let entry = Entry {
            number: 1,
            id: evil.to_owned(),
            channel: Channel::Email,
            reference: evil.to_owned(),
            to: evil.to_owned(),
            from: Some(evil.to_owned()),
            subject: Some(evil.to_owned()),
            text: Some(evil.to_owned()),
            html: Some(evil.to_owned()),
            headers: vec![(evil.to_owned(), evil.to_owned())],
            accepted_at: 1_795_000_000_123,
            times: 2,
            parts: 1,
            price_yen: 0,
        };
        let page = inbox(&[entry], Stats::default()).into_string();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(
            page.contains(
                "<a href=\"http://a.jp/\" rel=\"noopener noreferrer\">http://a.jp/</a>&quot;onclick=x"
            ),
            "{page}"
        );
        assert!(page.contains("accepted 2 times"), "{page}");
    }
}
