//! What the SMS of a one-time code says.

use super::{Codes, Host, Locale, OneTimeCode, Shape};
use crate::words::Words;

/// What a text can say.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The code, which texts of a link do not say.
    pub code: &'a OneTimeCode,
    /// The link, which other texts do not say.
    pub link: &'a str,
    /// The shop's name.
    pub sender: &'a str,
    /// For how many minutes it is valid.
    pub minutes: u32,
    /// The site on which the code is typed.
    pub host: Option<&'a Host>,
}

/// A text, as a person reads it. With a site its last line is `@example.jp #123456`, by which a phone fills the code in on
/// that site and on no other: <https://wicg.github.io/sms-one-time-codes/>.
pub fn say(codes: &Codes, shape: Shape, locale: Locale, said: &Said<'_>) -> String {
    let minutes = said.minutes.to_string();
    let own = codes.texts.of(shape);
    let template = match (own, locale) {
        (own, _) if own.is_empty() => usual(shape, locale),
        (Words::Same(text), _) => text,
        (Words::Each(each), Locale::Ja) => &each.ja,
        (Words::Each(each), Locale::En) => &each.en,
    };
    let mut text = String::new();
    for piece in pieces(template.trim()) {
        text.push_str(match piece {
            Piece::Plain(plain) => plain,
            Piece::Named("code") => said.code.as_str(),
            Piece::Named("link") => said.link,
            Piece::Named("sender") => said.sender,
            Piece::Named("minutes") => &minutes,
            Piece::Named(_) | Piece::Open => "",
        });
    }
    match (shape, said.host) {
        (Shape::Code | Shape::CodeWithHelp, Some(host)) => {
            format!("{text}\n@{host} #{}", said.code.as_str())
        }
        (Shape::Code | Shape::CodeWithHelp, None) | (Shape::Link, _) => text,
    }
}

const fn usual(shape: Shape, locale: Locale) -> &'static str {
    match (shape, locale) {
        (Shape::Code, Locale::Ja) => "{{ sender }} 認証コード: {{ code }}",
        (Shape::Code, Locale::En) => "{{ sender }} code: {{ code }}",
        (Shape::CodeWithHelp, Locale::Ja) => {
            "{{ sender }}の認証コードは{{ code }}です。画面に入力してください。{{ minutes }}分間有効です。\
             他の人には教えないでください。お心当たりがなければ破棄してください。"
        }
        (Shape::CodeWithHelp, Locale::En) => {
            "Your {{ sender }} code is {{ code }}. Enter it on the page where you asked for it within {{ minutes }} \
             minutes. Tell it to nobody. If you did not ask, ignore this message."
        }
        (Shape::Link, Locale::Ja) => "{{ sender }} ご本人の確認 {{ link }} {{ minutes }}分間有効",
        (Shape::Link, Locale::En) => {
            "{{ sender }}: to confirm that it is you, open {{ link }} within {{ minutes }} minutes. If you did not ask, \
             do not open it."
        }
    }
}

enum Piece<'a> {
    Plain(&'a str),
    Named(&'a str),
    /// A `{{` without its end.
    Open,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        pieces.push(Piece::Plain(before));
        let Some((name, after)) = after.split_once("}}") else {
            pieces.push(Piece::Open);
            return pieces;
        };
        pieces.push(Piece::Named(name.trim()));
        rest = after;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// What is wrong with a text of the shop's own.
pub(super) fn check(text: &str, shape: Shape) -> Result<(), String> {
    let needed = match shape {
        Shape::Code | Shape::CodeWithHelp => "code",
        Shape::Link => "link",
    };
    let mut said = 0;
    for piece in pieces(text) {
        match piece {
            Piece::Open => return Err("a `{{` is not closed by `}}`".to_owned()),
            Piece::Named(name) if name == needed => said += 1,
            Piece::Plain(_) | Piece::Named("sender" | "minutes") => {}
            Piece::Named(name) => {
                return Err(format!(
                    "there is no `{{{{ {name} }}}}` here; there are `{needed}`, `sender` and `minutes`"
                ));
            }
        }
    }
    if said == 1 { Ok(()) } else { Err(format!("says no {needed}; write `{{{{ {needed} }}}}` once")) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::id;
    use super::*;
    use crate::message::CodeKey;
    use crate::parts::{Route, parts};

    fn said<'a>(code: &'a OneTimeCode, host: Option<&'a Host>) -> Said<'a> {
        Said { code, link: "https://t.example.jp/v/abc", sender: "つなぎ書店", minutes: 5, host }
    }

    fn all(codes: &Codes, host: Option<&Host>) -> Vec<String> {
        let code = OneTimeCode::sample();
        let of = |shape| Locale::ALL.map(|locale| say(codes, shape, locale, &said(&code, host)));
        Shape::ALL.into_iter().flat_map(of).collect()
    }

    #[test]
    fn the_three_shapes() {
        let host = Host::parse("example.jp").unwrap();
        let texts = all(&Codes::default(), Some(&host));
        assert_eq!(
            texts,
            [
                "つなぎ書店 認証コード: 000000\n@example.jp #000000",
                "つなぎ書店 code: 000000\n@example.jp #000000",
                "つなぎ書店の認証コードは000000です。画面に入力してください。5分間有効です。\
                 他の人には教えないでください。お心当たりがなければ破棄してください。\n@example.jp #000000",
                "Your つなぎ書店 code is 000000. Enter it on the page where you asked for it within 5 minutes. Tell it \
                 to nobody. If you did not ask, ignore this message.\n@example.jp #000000",
                "つなぎ書店 ご本人の確認 https://t.example.jp/v/abc 5分間有効",
                "つなぎ書店: to confirm that it is you, open https://t.example.jp/v/abc within 5 minutes. If you did \
                 not ask, do not open it.",
            ]
        );
        // The last line is what a phone reads: `@`, the host, a space, `#`, the code.
        for text in &texts[..4] {
            assert_eq!(text.lines().last(), Some("@example.jp #000000"));
        }
        assert!(all(&Codes::default(), None).iter().all(|text| !text.contains('@')));
    }

    #[test]
    fn a_shop_may_write_its_own() {
        let codes: Codes = serde_saphyr::from_str(
            "texts: { code: '{{code}} ({{ sender }}, {{ minutes }} min)', link: { ja: '確認 {{ link }}', en: 'Go {{ link }}' } }",
        )
        .unwrap();
        assert_eq!(codes.mistakes("codes"), []);
        let texts = all(&codes, None);
        assert_eq!(texts[0], "000000 (つなぎ書店, 5 min)");
        assert_eq!(texts[4..], ["確認 https://t.example.jp/v/abc", "Go https://t.example.jp/v/abc"]);
    }

    /// What is taken out of the day's amount before the code is known is what the SMS costs.
    #[test]
    fn every_code_costs_the_same() {
        let key = CodeKey::parse("0123456789abcdef").unwrap();
        let host = Host::parse("example.jp").unwrap();
        let (code, sample) = (OneTimeCode::derive(&key, &id()), OneTimeCode::sample());
        for shape in Shape::ALL {
            let text = |code| say(&Codes::default(), shape, Locale::Ja, &said(code, Some(&host)));
            let counted = |code| parts(&text(code), Route::Docomo);
            assert_eq!(text(&code).len(), text(&sample).len());
            let expected = if shape == Shape::CodeWithHelp { 2 } else { 1 };
            assert_eq!((counted(&code), counted(&sample)), (expected, expected), "{shape:?}");
        }
    }
}
