//! Texts with variables, in Liquid, with filters for shops in Japan beside its own:
//!
//! - `sama`: `花子` is `花子様`; what ends with 様, さま or 御中 stays
//! - `yen`: `12345` is `12,345円`, and with `yen_en` `¥12,345`
//! - `date_ja`: `2026-01-02` is `1月2日(金)`, and with `date_ja: 'year'` `2026年1月2日(金)`
//! - `date_en`: `2026-01-02` is `Fri 2 Jan`, and with `date_en: 'year'` `Fri 2 Jan 2026`
//! - `era`: `2026-01-02` is `令和8年1月2日`
//! - `time_ja`: `2026-01-02T14:30:00+09:00` is `14:30`
//!
//! Dates are ISO dates, or RFC 3339 instants, which are shown in [`Variables::zone`]. What a filter can't show skips the
//! person as a missing value does: `{{ customer.name | default: 'お客さま' | sama }}` has another word for it.

mod asked;
mod elsewhere;
mod filters;
mod html;
mod pieces;
mod spoken;
mod tags;
mod vain;
mod variables;
mod wording;

use std::fmt;
use std::sync::{Arc, LazyLock};

use liquid::model::Object;
use liquid::{Parser, ParserBuilder, Template};

use self::elsewhere::Elsewhere;
use self::filters::Japanese;
use self::pieces::{BLOCKS, Piece, live, pieces};
pub use self::spoken::{Path, Spoken};
pub use self::variables::{CONFIRM, EMAIL, FORMS, OF_A_STEP, SHOP_NAME, Variables};
pub use self::wording::{LANGUAGE, Wording};
use crate::check;
use crate::spelling::nearest;

static PARSER: LazyLock<Option<Parser>> = LazyLock::new(|| {
    Japanese::ALL.into_iter().fold(ParserBuilder::with_stdlib(), ParserBuilder::filter).build().ok()
});

/// A text that was parsed: `{{ customer.name }}`, `{{ links.shop }}`, `{{ optout }}`, `{{ sender }}`.
#[derive(Clone)]
pub struct Text(Arc<Parsed>);

struct Parsed {
    source: String,
    template: Template,
    /// What the template reads from a place of its own.
    elsewhere: Option<Elsewhere>,
    spoken: Spoken,
}

/// What is wrong with a text.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What, and where, as far as it can be told: a tag that can't be read hides the others.
    pub what: Vec<String>,
    /// What it speaks of, unless a tag can't be read.
    pub spoken: Option<Spoken>,
}

impl Text {
    /// Parses a text; the error says what is wrong and where.
    pub fn parse(source: &str) -> Result<Self, Broken> {
        let unread = |what: String| Broken { what: vec![what], spoken: None };
        let parser =
            PARSER.as_ref().ok_or_else(|| unread("the text parser could not be built".to_owned()))?;
        tags::check(parser, source).map_err(unread)?;
        match parser.parse(source) {
            Ok(template) => {
                let spoken = Spoken::of(source);
                // Mistakes are told of the text as it was written: what is rendered was parsed after it.
                let rendered = Elsewhere::of(source, &spoken)
                    .and_then(|(written, elsewhere)| Some((parser.parse(&written).ok()?, Some(elsewhere))));
                let (template, elsewhere) = rendered.unwrap_or((template, None));
                Ok(Self(Arc::new(Parsed { source: source.to_owned(), template, elsewhere, spoken })))
            }
            Err(error) => {
                let whole = plain(&error.to_string());
                let mut what = filtered(parser, source);
                // Of a wrong filter within a tag such as `assign` Liquid says no more than that its chain is none.
                let filter = !what.is_empty() && whole.contains("FilterChain");
                if what.is_empty() || (whole.starts_with(UNREAD) && !filter) {
                    what.push(whole);
                    return Err(Broken { what, spoken: None });
                }
                Err(Broken { what, spoken: Some(Spoken::of(source)) })
            }
        }
    }

    /// Fills in the variables; the error names what is missing, never a value.
    pub fn render(&self, variables: &Object) -> Result<String, MissingValue> {
        let rendered = match &self.0.elsewhere {
            Some(elsewhere) => self.0.template.render(&elsewhere.beside(variables)),
            None => self.0.template.render(variables),
        };
        rendered.map_err(|_| MissingValue)
    }

    /// As [`Text::render`], for a text that is HTML: the values stand in it as words, whatever they are.
    pub fn render_html(&self, variables: &Object) -> Result<String, MissingValue> {
        self.render(&html::escaped(variables))
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// What it speaks of.
    pub fn spoken(&self) -> &Spoken {
        &self.0.spoken
    }

    /// What of it nobody would ever read, each with what would be right: a text with any of it still parses.
    pub fn vain(&self) -> Vec<String> {
        vain::vain(&self.0.source, &self.0.spoken)
    }

    /// Whether it is the same for everyone: it has no variables.
    pub fn is_fixed(&self) -> bool {
        pieces(&self.0.source).iter().all(|piece| matches!(piece, Piece::Words(_)))
    }

    /// The words that every message with this text has: what stands outside of tags and blocks.
    pub fn always_says(&self) -> Vec<&str> {
        self.always()
            .filter_map(|piece| match piece {
                Piece::Words(words) => Some(words),
                Piece::Output(_) | Piece::Block(_) => None,
            })
            .collect()
    }

    /// The pieces that stand outside of blocks such as `{% if … %} … {% endif %}`, whose inside may be left out.
    fn always(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut depth = 0_usize;
        live(&self.0.source).filter(move |piece| {
            if let Piece::Block(tag) = piece {
                let name = tag.split_whitespace().next().unwrap_or_default();
                if name.starts_with("end") {
                    depth = depth.saturating_sub(1);
                } else if BLOCKS.contains(&name) {
                    depth += 1;
                }
            }
            depth == 0
        })
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.source, f)
    }
}

/// A variable of a text is not known of this person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a variable of the text has no value for this customer; give it a default: {{{{ customer.name | default: 'お客さま' }}}}"
)]
pub struct MissingValue;

/// Liquid draws the place on several lines: its line and column within the text, and what was expected there.
fn plain(error: &str) -> String {
    let after = |mark: &str| error.lines().find_map(|line| line.trim_start().strip_prefix(mark));
    let first = error.lines().next().unwrap_or(error);
    let message = first.strip_prefix("liquid: ").unwrap_or(first).trim();
    if let (Some(place), Some(expected)) = (message.strip_prefix(PLACE), after("= ")) {
        return format!("{UNREAD} at its {place}: {expected}; variables are written {{{{ customer.name }}}}");
    }
    match (message, after("requested filter=")) {
        ("Unknown filter", Some(filter)) => {
            unknown_filter(filter, after("available filters=").unwrap_or_default())
        }
        (message, _) => message.to_owned(),
    }
}

/// What is said first of a text that can't be read.
const UNREAD: &str = "the text is broken";

/// What Liquid writes before a place.
const PLACE: &str = "--> ";

/// What is wrong with the filters of a text whose tags can be read: of each tag, the first. Of those of an `{% assign … %}`
/// Liquid says no more than that something is.
fn filtered(parser: &Parser, source: &str) -> Vec<String> {
    let wrong = |chain: &str| {
        let alone = format!("{{{{{}}}}}", tags::on_one_line(chain));
        parser.parse(&alone).err().map(|error| plain(&error.to_string()))
    };
    let found = live(source).filter_map(|piece| match piece {
        Piece::Words(_) => None,
        Piece::Output(chain) => wrong(chain),
        Piece::Block(tag) => {
            let (_, chain) = tag.trim_start().strip_prefix("assign")?.split_once('=')?;
            wrong(chain)
        }
    });
    let mut found: Vec<String> = found.collect();
    found.dedup();
    found
}

/// The filter that was meant, or ours: all that there are would be some fifty.
fn unknown_filter(filter: &str, known: &str) -> String {
    let known: Vec<&str> = known.split(", ").collect();
    if nearest(filter, known.iter().copied()).is_some() {
        return check::unknown("filter", filter, &known);
    }
    let ours = Japanese::ALL.map(Japanese::called).join(", ");
    format!("there is no filter `{filter}`; there are {ours}, and beside them those of Liquid")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::consent::Purpose;
    use crate::contact::Channel;
    use crate::customer::{Customer, Value};
    use crate::enrollment::{Message, Status};
    use crate::event::Properties;
    use crate::message::Code;
    use crate::names::CustomerId;
    use crate::time::Timestamp;

    fn render(text: &str, traits: &[(&str, &str)]) -> Result<String, MissingValue> {
        rendered(text, traits, None)
    }

    /// A text beside the message of the step `tell-me`, if it was reached.
    fn rendered(
        text: &str,
        traits: &[(&str, &str)],
        message: Option<&Message>,
    ) -> Result<String, MissingValue> {
        let mut customer = Customer::new(CustomerId::parse("1").unwrap());
        let traits: BTreeMap<String, Value> = traits
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
            .collect();
        customer.identify(&traits, Timestamp::default());
        let links = vec![("shop".to_owned(), "https://s.example/1".to_owned())];
        let variables = Variables {
            customer: &customer,
            event: &Properties::new(),
            steps: vec![("tell-me", message)],
            links,
            optout: "https://s.example/o".to_owned(),
            email_form: "https://s.example/f".to_owned(),
            confirm_form: "https://s.example/c".to_owned(),
            sender: "つなぎ商店",
            details: &BTreeMap::from([("phone".to_owned(), "03-1234-5678".to_owned())]),
            zone: &TimeZone::UTC,
        };
        Text::parse(text).unwrap().render(&variables.object())
    }

    #[test]
    fn a_trait_that_is_not_known_needs_another_word() {
        let text = "{{ customer.city | default: '全国' }}の{{ customer.name | default: 'お客さま' }}様";
        assert_eq!(render(text, &[]), Ok("全国のお客さま様".to_owned()));
        assert_eq!(render(text, &[("city", "京都"), ("name", "花")]), Ok("京都の花様".to_owned()));
        assert_eq!(render("{{ customer.name }}様", &[]), Err(MissingValue));
        let polite = "{{ customer.name | default: 'お客さま' | sama }}";
        assert_eq!(render(polite, &[]), Ok("お客さま".to_owned()));
        assert_eq!(render(polite, &[("name", "花")]), Ok("花様".to_owned()));
        assert_eq!(render("{{ customer.name | sama }}", &[]), Err(MissingValue));
        assert_eq!(
            render("{{ customer.at | date_ja }}", &[("at", "2026-01-01T23:00:00-02:00")]),
            Ok("1月2日(金)".to_owned())
        );
        assert_eq!(
            render("{% if customer.name %}{{ customer.name }}様{% endif %} {{ links.shop }}", &[]),
            Ok(" https://s.example/1".to_owned())
        );
    }

    #[test]
    fn another_word_however_the_trait_is_written() {
        let text =
            "{{ customer['会員ランク'] | default: '一般' }} {{ customer.name | default: customer.id }}";
        assert_eq!(render(text, &[]), Ok("一般 1".to_owned()));
        assert_eq!(render(text, &[("会員ランク", "金"), ("name", "花")]), Ok("金 花".to_owned()));
    }

    #[test]
    fn a_form_has_a_page() {
        assert_eq!(render("{{ forms.email }}", &[]), Ok("https://s.example/f".to_owned()));
        assert_eq!(render("{{ forms.phone }}", &[]), Err(MissingValue));
    }

    #[test]
    fn the_shop_says_its_name_and_its_details() {
        assert_eq!(render("{{ shop.name }} {{ shop.phone }}", &[]), Ok("つなぎ商店 03-1234-5678".to_owned()));
        assert_eq!(render("{{ shop.fax }}", &[]), Err(MissingValue));
    }

    #[test]
    fn what_became_of_an_earlier_step() {
        let text = "{% if steps.tell-me.replied %}{{ steps['tell-me'].reply | default: 'an answer' }}{% else %}none{% endif %}";
        assert_eq!(rendered(text, &[], None), Ok("none".to_owned()));
        let at = Timestamp::parse("2026-01-01T23:30:00Z").unwrap();
        let code = Code::parse("000000000000").unwrap();
        let mut message = Message::new((0, code), (Channel::Sms, Purpose::Marketing), at, Status::Pending);
        let sent = "{{ steps.tell-me.sent_at | date_ja }} {{ steps.tell-me.sent_at | time_ja }} {{ steps.tell-me.clicked }}";
        assert_eq!(rendered(sent, &[], Some(&message)), Err(MissingValue));
        message.status = Status::Delivered;
        message.clicked = Some(message.at);
        assert_eq!(rendered(sent, &[], Some(&message)), Ok("1月1日(木) 23:30 true".to_owned()));
        assert_eq!(rendered("{{ steps.tell-me.reply }}", &[], Some(&message)), Err(MissingValue));
        message.answer(message.at, None);
        assert_eq!(rendered(text, &[], Some(&message)), Ok("an answer".to_owned()));
        message.answer(message.at.plus(-1), Some("はい"));
        assert_eq!(rendered(text, &[], Some(&message)), Ok("はい".to_owned()));
    }

    #[test]
    fn every_wrong_filter_is_told_and_what_is_spoken_of_beside_it() {
        let broken = Text::parse("{{ sendr | samaa }} {% assign a = customer.x | yeen %} {{ links.shop }}")
            .unwrap_err();
        assert_eq!(
            broken.what,
            [
                "there is no filter `samaa`; did you mean `sama`?",
                "there is no filter `yeen`; did you mean `yen`?"
            ]
        );
        let spoken = broken.spoken.unwrap();
        assert_eq!(spoken.strangers().into_iter().collect::<Vec<_>>(), ["sendr"]);
        assert_eq!(spoken.links().collect::<Vec<_>>(), ["shop"]);
        let unread = Text::parse("{{ sendr } {{ links.shop | samaa }}").unwrap_err();
        assert!(unread.what.len() == 1 && unread.spoken.is_none());
        // Liquid reads no further than the first filter that there is not: what is open after it is told next.
        let open = Text::parse("{{ sender | samaa }} {{ sender").unwrap_err();
        assert_eq!(open.what, ["there is no filter `samaa`; did you mean `sama`?"]);
    }

    #[test]
    fn a_text_without_variables_is_fixed() {
        let fixed = |text: &str| Text::parse(text).unwrap().is_fixed();
        assert!(fixed("sales@shop.example.jp"));
        assert!(!fixed("{{ customer.sales_email }}") && !fixed("{% if customer.vip %}a{% endif %}"));
    }

    #[test]
    fn variables_are_what_stands_in_tags() {
        let text = Text::parse("the sender, https://links.example.jp/x {{ links.shop }} {{ 'links.no' }} {% if optout %}{% endif %}").unwrap();
        assert!(!text.spoken().always_shows("sender"));
        assert_eq!(text.spoken().links().collect::<Vec<_>>(), ["shop"]);
    }

    #[test]
    fn what_a_block_can_leave_out_is_not_always_there() {
        let text = Text::parse("a {{ sender }}{%- if customer.vip -%} b {% for x in y %}c{% endfor %} {{ optout }}{% endif %} d{% comment %}e{% endcomment %}").unwrap();
        assert!(text.spoken().always_shows("sender") && !text.spoken().always_shows("optout"));
        assert_eq!(text.always_says().concat(), "a  d");
        let hidden = Text::parse("a{% comment %}{% endif %}STOP{% endcomment %}").unwrap();
        assert_eq!(hidden.always_says().concat(), "a");
        assert!(
            Text::parse("{% if customer.vip %}a{% endif %}{{ optout }}")
                .unwrap()
                .spoken()
                .always_shows("optout")
        );
    }
}
