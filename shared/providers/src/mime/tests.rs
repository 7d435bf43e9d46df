use domain::time::Timestamp;
use mail_parser::{Address as Parsed, Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::*;

/// Monday, 2 March 2026, 10:00 in Japan.
const AT: Timestamp = Timestamp::from_seconds(1_772_413_200);

const UNSUBSCRIBE: &str = "<https://t.example.jp/o/k3Jd02aB9xYz>";

fn request() -> EmailRequest<'static> {
    EmailRequest {
        reference: "k3Jd02aB9xYz",
        to: "hana@example.jp",
        from: "\"佐藤 \\\"花\\\" \\\\\" <shop@example.jp>",
        subject: "春の新作のご案内",
        text: "花子様\n\nいつもありがとうございます。\n.\nhttps://t.example.jp/l/k3Jd02aB9xYz\n",
        html: Some("<p>花子様</p>"),
        headers: &[],
        at: AT,
    }
}

fn headers() -> Vec<(String, String)> {
    [
        ("Reply-To", "佐藤 花 <sato@shop.example.jp>"),
        ("List-Unsubscribe", UNSUBSCRIBE),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Makes an e-mail, and sees to it that it can travel: lines of ASCII, of 998 bytes at most, each ended by CR LF.
fn made(request: &EmailRequest<'_>) -> Vec<u8> {
    let bytes = letter(request).unwrap_or_else(|error| panic!("{error}")).bytes;
    assert!(bytes.is_ascii());
    let text = String::from_utf8(bytes.clone()).unwrap();
    for line in text.split("\r\n") {
        assert!(line.len() <= 998, "{} bytes: {line}", line.len());
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
    }
    bytes
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn one(addresses: Option<&Parsed<'_>>) -> (String, String) {
    let addresses: Vec<_> = addresses.unwrap().iter().collect();
    assert_eq!(addresses.len(), 1);
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    (text(addresses[0].name()), text(addresses[0].address()))
}

fn raw<'a>(message: &'a Message<'_>, name: &'static str) -> Vec<&'a str> {
    message
        .headers_raw()
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect()
}

fn unix(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end_matches('\n').to_owned()
}

#[test]
fn all_of_it_is_read_as_it_was_written() {
    let headers = headers();
    let request = EmailRequest { headers: &headers, ..request() };
    let bytes = made(&request);
    let message = parsed(&bytes);
    assert_eq!(message.subject(), Some(request.subject));
    assert_eq!(one(message.from()), ("佐藤 \"花\" \\".to_owned(), "shop@example.jp".to_owned()));
    assert_eq!(one(message.to()), (String::new(), "hana@example.jp".to_owned()));
    assert_eq!(one(message.reply_to()), ("佐藤 花".to_owned(), "sato@shop.example.jp".to_owned()));
    assert_eq!(message.message_id(), Some("k3Jd02aB9xYz@example.jp"));
    assert_eq!(message.date().unwrap().to_timestamp(), AT.seconds());
    assert_eq!(raw(&message, "List-Unsubscribe"), [UNSUBSCRIBE]);
    assert_eq!(raw(&message, "List-Unsubscribe-Post"), ["List-Unsubscribe=One-Click"]);
    assert_eq!(raw(&message, CODE_HEADER), ["k3Jd02aB9xYz"]);
    assert_eq!(raw(&message, "MIME-Version"), ["1.0"]);
    assert_eq!(unix(&message.body_text(0).unwrap()), unix(request.text));
    assert_eq!(message.body_html(0).unwrap(), "<p>花子様</p>");
    let root = message.content_type().unwrap();
    assert_eq!((root.ctype(), root.subtype()), ("multipart", Some("alternative")));
    assert_eq!((message.text_body_count(), message.html_body_count(), message.attachment_count()), (1, 1, 0));
    // The text first: what comes last is what is shown, where it can be (RFC 2046, 5.1.4).
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.find("text/plain").unwrap() < text.find("text/html").unwrap());
    assert_eq!(letter(&request).unwrap().bytes, bytes, "the same bytes, whenever it is made");
}

#[test]
fn subjects_are_whole_however_long_and_whatever_they_hold() {
    let long = "この度は当店をご利用いただき、誠にありがとうございます。".repeat(20);
    let word = "a".repeat(2_000);
    let subjects = [
        long.as_str(),
        word.as_str(),
        "🎉🎂 お誕生日おめでとうございます 👨‍👩‍👧‍👦🇯🇵",
        "ﾊﾝｶｸ ｶﾅ ﾃﾞ ｺﾞｱﾝﾅｲ",
        "「春」の\"新作\" <b>50% OFF</b>, 'now'; (only) @shop",
        "=?utf-8?B?44GC?= と =?x?=",
        "plain ascii",
        "é",
        "髙﨑 様 ①㈱Ⅲ ～−",
    ];
    for subject in subjects {
        let bytes = made(&EmailRequest { subject, ..request() });
        assert_eq!(parsed(&bytes).subject(), Some(subject));
        // RFC 2047, 2: an encoded word has 75 characters at most, and a line with one 76.
        let text = String::from_utf8(bytes.clone()).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        for line in head.split("\r\n").filter(|line| line.contains("=?utf-8?")) {
            assert!(line.len() <= 76, "{line}");
        }
    }
}

#[test]
fn names_are_whole() {
    for name in [
        "つなぎ商店",
        "佐藤, 花 (営業)",
        "O'Brien \"Bob\" \\",
        "ｻﾄｳ ﾊﾅ",
        "🎉",
        "a@b <c>",
        "=?utf-8?B?44GC?=",
        &"長い名前".repeat(30),
    ] {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let from = format!("\"{quoted}\" <shop@example.jp>");
        let bytes = made(&EmailRequest { from: &from, ..request() });
        assert_eq!(one(parsed(&bytes).from()), (name.to_owned(), "shop@example.jp".to_owned()));
    }
    for from in ["shop@example.jp", "<shop@example.jp>", " \"\" <shop@example.jp>"] {
        let bytes = made(&EmailRequest { from, ..request() });
        assert_eq!(one(parsed(&bytes).from()), (String::new(), "shop@example.jp".to_owned()), "{from}");
    }
    let bytes = made(&EmailRequest { from: "つなぎ商店 <shop@example.jp>", ..request() });
    assert_eq!(one(parsed(&bytes).from()).0, "つなぎ商店");
}

#[test]
fn without_html_there_is_only_the_text() {
    for html in [None, Some(""), Some(" \n")] {
        let bytes = made(&EmailRequest { html, ..request() });
        let message = parsed(&bytes);
        assert_eq!(message.content_type().unwrap().ctype(), "text");
        assert_eq!(unix(&message.body_text(0).unwrap()), unix(request().text));
    }
    let bytes = made(&EmailRequest { text: "", ..request() });
    assert_eq!(parsed(&bytes).body_html(0).unwrap(), "<p>花子様</p>");
}

#[test]
fn lines_are_short_however_long_those_of_the_text_are() {
    let (text, html) = ("あ".repeat(5_000), format!("<p>{}</p>", "x".repeat(5_000)));
    let bytes = made(&EmailRequest { text: &text, html: Some(&html), ..request() });
    let message = parsed(&bytes);
    assert_eq!(message.body_text(0).unwrap(), text);
    assert_eq!(message.body_html(0).unwrap(), html);
}

#[test]
fn nothing_can_be_brought_in() {
    let evil = "a\r\nBcc: evil@example.com\r\n\r\nbody\u{85}\u{2028}\0";
    let from = format!("\"{evil}\" <shop@example.jp>");
    let reply = [
        ("Reply-To".to_owned(), format!("{evil} <sato@example.jp>")),
        ("X-Note".to_owned(), evil.to_owned()),
    ];
    let bytes = made(&EmailRequest { from: &from, subject: evil, text: evil, headers: &reply, ..request() });
    let message = parsed(&bytes);
    assert!(message.bcc().is_none());
    let names: Vec<&str> = message.headers_raw().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "Date",
            "From",
            "To",
            "Message-ID",
            "Subject",
            "Reply-To",
            "X-Note",
            CODE_HEADER,
            "MIME-Version",
            "Content-Type"
        ]
    );
    let refused = |request: &EmailRequest<'_>| letter(request).err().unwrap();
    for to in [
        "hana@example.jp\r\nBcc: evil@example.com",
        "ha na@example.jp",
        "hana",
        "花@example.jp",
        "a@[127.0.0.1]",
        "@b.jp",
    ] {
        let error = refused(&EmailRequest { to, ..request() });
        assert_eq!(error, SendError::Permanent { code: "address_cannot_be_written".to_owned() }, "{to}");
    }
    for from in ["shop", "<shop@example.jp", "x <shop@example.jp> y", ""] {
        let error = refused(&EmailRequest { from, ..request() });
        assert!(matches!(error, SendError::Configuration { .. }), "{from}");
    }
    for (name, value) in
        [("X\r\nBcc", "a"), ("", "a"), ("X: y", "a"), ("List-Unsubscribe", "<https://a.jp/\r\nBcc: b>")]
    {
        let headers = [(name.to_owned(), value.to_owned())];
        let error = refused(&EmailRequest { headers: &headers, ..request() });
        assert!(matches!(error, SendError::Configuration { .. }), "{name}");
    }
    // Without an address that can be written, replies go to the shop.
    let headers = [("Reply-To".to_owned(), "佐藤".to_owned())];
    let bytes = made(&EmailRequest { headers: &headers, ..request() });
    assert!(parsed(&bytes).reply_to().is_none());
}

#[test]
fn addresses_are_written_as_mail_writes_them() {
    let cases = [
        ("hana@example.jp", Some("hana@example.jp")),
        (" Hana+x@Example.JP ", Some("Hana+x@example.jp")),
        ("a..b@docomo.ne.jp", Some("\"a..b\"@docomo.ne.jp")),
        (".hana.@ezweb.ne.jp", Some("\".hana.\"@ezweb.ne.jp")),
        ("\"a..b\"@docomo.ne.jp", Some("\"a..b\"@docomo.ne.jp")),
        ("hana@例え.jp", Some("hana@xn--r8jz45g.jp")),
        ("花@example.jp", None),
        ("hana@", None),
        ("hana@127.0.0.1", None),
    ];
    for (text, expected) in cases {
        assert_eq!(address(text).as_deref(), expected, "{text}");
    }
}

fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[ -~]{0,12}",
        "[ぁ-んァ-ヶ一-龠ｦ-ﾟ]{0,30}",
        "[a-zA-Z0-9]{60,120}",
        prop::sample::select(vec![
            "=?utf-8?B?44GC?=",
            "\"",
            "\\",
            "🎉",
            "👨‍👩‍👧‍👦",
            "\r\n",
            "\r\nBcc: x@y.jp",
            "\t",
            "é",
            "。",
            "?="
        ])
        .prop_map(ToOwned::to_owned),
        "\\PC{0,8}",
    ];
    prop::collection::vec(word, 0..8).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read(subject in words(), name in words(), text in words(), html in words()) {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let from = format!("\"{quoted}\" <shop@example.jp>");
        let request = EmailRequest { subject: &subject, from: &from, text: &text, html: Some(&html), ..request() };
        let bytes = made(&request);
        let message = parsed(&bytes);
        // Spaces at the ends of a header and runs of them are no part of what it says.
        let said = |text: &str| plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(said(message.subject().unwrap_or_default()), said(&subject));
        let (read, address) = one(message.from());
        prop_assert_eq!(said(&read), said(&name));
        prop_assert_eq!(address, "shop@example.jp");
        prop_assert!(message.bcc().is_none());
        prop_assert_eq!(message.headers_raw().count(), if html.trim().is_empty() { 9 } else { 8 });
        prop_assert_eq!(unix(&message.body_text(0).unwrap_or_default()), unix(&lines(&text)));
        if !html.trim().is_empty() {
            prop_assert_eq!(unix(&message.body_html(0).unwrap()), unix(&lines(&html)));
        }
    }
}
