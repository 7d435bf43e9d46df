use domain::consent::{Proof, Source};
use domain::money::Yen;
use domain::time::DAY;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
const SMS: &str = "AAAAAAAAAAAA";
const EMAIL: &str = "BBBBBBBBBBBB";
const USER: &str = "U4af4980629f1b2c3d4e5f60718293a4b";

fn customer(id: &str) -> CustomerId {
    CustomerId::parse(id).unwrap()
}

fn message(reference: &str, channel: Channel, to: &str) -> (Code, MessageItem) {
    let code = Code::parse(reference).unwrap();
    let item = MessageItem {
        code: code.clone(),
        customer: customer("c1"),
        channel,
        to: to.to_owned(),
        links: Vec::new(),
        asks_email: false,
        claimed_at: NOW,
        attempt: "a".to_owned(),
        account: None,
        charge: None,
        outcome: None,
        expires: NOW.plus(DAY),
    };
    (code, item)
}

fn known() -> Known {
    let messages =
        [message(SMS, Channel::Sms, "+819012345678"), message(EMAIL, Channel::Email, "hana@example.jp")];
    let senders = [
        ((Channel::Sms, "+819011112222".to_owned()), customer("c2")),
        ((Channel::Line, USER.to_owned()), customer("c3")),
    ];
    Known { messages: messages.into(), senders: senders.into(), asked: BTreeMap::new() }
}

/// The words that everybody knows.
fn everybodys() -> ReplyWords {
    ReplyWords::default()
}

/// What a notice brings, when that is one input.
fn input(notice: &Notice, known: &Known, now: Timestamp) -> Option<(CustomerId, Input)> {
    let (customer, mut all) = inputs(notice, known, &everybodys(), now)?;
    assert_eq!(all.len(), 1, "{notice:?}");
    Some((customer, all.remove(0)))
}

fn receipt(reference: &str, status: ReceiptStatus) -> Notice {
    Notice::Receipt {
        reference: reference.to_owned(),
        status,
        at: NOW,
        parts: Some(2),
        price: Price::of_yen(22),
    }
}

fn reply(from: &str, to: Option<&str>, text: &str) -> Notice {
    let (from, to_reference, text) = (from.to_owned(), to.map(str::to_owned), text.to_owned());
    Notice::Reply { from, to_reference, text, at: NOW.plus(-60), id: "r".to_owned() }
}

fn suppresses(notice: &Notice) -> Option<(Channel, String)> {
    let found = suppression(notice, &known().messages, &everybodys());
    assert!(found.is_none() || super::suppresses(notice, &everybodys()), "{notice:?}");
    found.map(|found| (found.channel, found.address))
}

#[test]
fn receipts_say_what_became_of_a_message() {
    let cases = [
        (ReceiptStatus::Delivered, Status::Delivered),
        (
            ReceiptStatus::Undelivered { reason: "absent".to_owned() },
            Status::Undelivered("absent".to_owned()),
        ),
        (ReceiptStatus::Undelivered { reason: "x\u{ffff}".repeat(99) }, Status::Undelivered("x".repeat(64))),
        (ReceiptStatus::Invalid { reason: "21211".to_owned() }, Status::Undelivered("21211".to_owned())),
        (ReceiptStatus::Bounced { permanent: true }, Status::Undelivered("bounced".to_owned())),
    ];
    for (told, status) in cases {
        let code = Code::parse(EMAIL).unwrap();
        let expected = Input::Receipt { code, status, parts: Some(2), yen: Some(Yen(22)) };
        assert_eq!(input(&receipt(EMAIL, told), &known(), NOW), Some((customer("c1"), expected)));
    }
}

#[test]
fn only_a_permanent_bounce_suppresses() {
    let bounce = |reference, permanent| suppresses(&receipt(reference, ReceiptStatus::Bounced { permanent }));
    assert_eq!(bounce(EMAIL, true), Some((Channel::Email, "hana@example.jp".to_owned())));
    assert_eq!(bounce(EMAIL, false), None);
    assert_eq!(bounce("CCCCCCCCCCCC", true), None, "whose address is not known");
    assert_eq!(suppresses(&receipt(SMS, ReceiptStatus::Delivered)), None);
}

#[test]
fn a_number_that_is_none_is_suppressed_for_everything() {
    let gone = receipt(SMS, ReceiptStatus::Invalid { reason: "30005".to_owned() });
    let found =
        suppression(&gone, &known().messages, &everybodys()).map(|it| (it.address, it.stopped, it.why));
    assert_eq!(found, Some(("+819012345678".to_owned(), Stopped::Everything, "no such number")));
    let passing = receipt(SMS, ReceiptStatus::Undelivered { reason: "30003".to_owned() });
    assert_eq!(suppresses(&passing), None);
}

#[test]
fn a_soft_bounce_is_counted_at_its_address() {
    let bounce = |reference| receipt(reference, ReceiptStatus::Bounced { permanent: false });
    let code = Code::parse(EMAIL).unwrap();
    let status = Status::Undelivered("bounced".to_owned());
    let expected = vec![
        Input::Receipt { code: code.clone(), status, parts: Some(2), yen: Some(Yen(22)) },
        Input::SoftBounce { code, address: fingerprint("hana@example.jp"), left: NOW },
    ];
    assert_eq!(inputs(&bounce(EMAIL), &known(), &everybodys(), NOW), Some((customer("c1"), expected)));
    assert_eq!(suppresses(&bounce(EMAIL)), None);
}

#[test]
fn who_asks_for_messages_again_says_so_once() {
    let start = reply("+819012345678", Some(SMS), "ＳＴＡＲＴ");
    let asked = again(&start, &known().messages, &everybodys());
    let at = NOW.plus(-60);
    let expected =
        Again { channel: Channel::Sms, address: "+819012345678".to_owned(), id: "r".to_owned(), at };
    assert_eq!(asked, Some(expected));
    assert_eq!(suppresses(&start), None);
    let earlier = NOW.plus(-DAY);
    let known = Known { asked: [("r".to_owned(), earlier)].into(), ..known() };
    let word = Some("start".to_owned());
    let expected = vec![
        Input::OptIn {
            channel: Channel::Sms,
            at: earlier,
            proof: shown(&format!("reply r to message {SMS}")),
        },
        Input::Reply { code: Code::parse(SMS), channel: Channel::Sms, word, at },
    ];
    assert_eq!(inputs(&start, &known, &everybodys(), NOW), Some((customer("c1"), expected)));
    for text in ["restart", "はい", "停止"] {
        assert_eq!(again(&reply("+819012345678", Some(SMS), text), &known.messages, &everybodys()), None);
    }
}

#[test]
fn a_shop_has_words_of_its_own() {
    let words =
        ReplyWords { opt_out: vec!["さようなら".to_owned()], opt_in: vec!["ただいま".to_owned()] };
    let said = |text| reply("+819012345678", Some(SMS), text);
    assert!(suppression(&said("さようなら！"), &known().messages, &words).is_some());
    assert!(suppression(&said("停止"), &known().messages, &words).is_some());
    assert!(again(&said("ただいま"), &known().messages, &words).is_some());
    assert_eq!(suppression(&said("さようなら！"), &known().messages, &everybodys()), None);
}

#[test]
fn a_word_suppresses_its_sender_known_or_not() {
    let expected = Some((Channel::Sms, "+819012345678".to_owned()));
    assert_eq!(suppresses(&reply("+819012345678", Some(SMS), "停止")), expected);
    assert_eq!(
        suppresses(&reply("090-1234-5678", None, "STOP")),
        expected,
        "in the form numbers are kept in"
    );
    assert_eq!(suppresses(&reply("00050001", None, "STOP")), Some((Channel::Sms, "00050001".to_owned())));
    assert_eq!(suppresses(&reply("+819012345678", Some(SMS), "停止しないで")), None);
    for text in ["配信を停止してください", "停止お願い致します", "ストップお願いします"]
    {
        assert_eq!(suppresses(&reply("+819012345678", Some(SMS), text)), expected, "{text}");
    }
}

#[test]
fn replies_reach_the_customer_of_the_message_or_of_the_number() {
    let at = NOW.plus(-60);
    let said = |code: Option<&str>| {
        let word = Some("はい".to_owned());
        Input::Reply { code: code.and_then(Code::parse), channel: Channel::Sms, word, at }
    };
    let opted_out = |evidence: &str| Input::OptOut { channel: Channel::Sms, at, proof: shown(evidence) };
    let cases = [
        (reply("+819012345678", Some(SMS), "はい"), Some((customer("c1"), said(Some(SMS))))),
        (reply("+819011112222", None, "はい"), Some((customer("c2"), said(None)))),
        (reply("+819011112222", Some("CCCCCCCCCCCC"), "はい"), Some((customer("c2"), said(None)))),
        (
            reply("+819012345678", Some(SMS), "停止"),
            Some((customer("c1"), opted_out("reply r to message AAAAAAAAAAAA"))),
        ),
        (reply("+819011112222", None, "停止"), Some((customer("c2"), opted_out("reply r")))),
        (reply("+819099999999", None, "停止"), None),
    ];
    for (notice, expected) in cases {
        assert_eq!(input(&notice, &known(), NOW), expected, "{notice:?}");
    }
}

fn answer(reference: &str, text: Option<&str>) -> Notice {
    let (reference, text) = (reference.to_owned(), text.map(str::to_owned));
    Notice::EmailReply { reference, text, at: NOW.plus(DAY), id: "r".to_owned() }
}

#[test]
fn an_answered_e_mail() {
    let said = |word: Option<&str>| {
        let word = word.map(ToOwned::to_owned);
        Input::Reply { code: Code::parse(EMAIL), channel: Channel::Email, word, at: NOW }
    };
    let quoting = "楽しみです\n> 配信の停止: https://t.example.jp/o/x";
    for (text, word) in [
        (None, None),
        (Some("楽しみです"), Some("楽しみです")),
        (Some("停止しないで"), Some("停止しないで")),
        (Some(quoting), Some("楽しみです")),
    ] {
        let notice = answer(EMAIL, text);
        assert_eq!(
            input(&notice, &known(), NOW),
            Some((customer("c1"), said(word))),
            "nothing comes from the future"
        );
        assert_eq!(suppresses(&notice), None, "{text:?}");
    }
}

#[test]
fn an_e_mailed_word_suppresses_the_address_it_was_sent_to() {
    let notice = answer(EMAIL, Some("配信停止"));
    assert_eq!(suppresses(&notice), Some((Channel::Email, "hana@example.jp".to_owned())));
    let evidence = Some("reply r to message BBBBBBBBBBBB".to_owned());
    let address = Some("hana@example.jp".to_owned());
    let proof = Proof { evidence, address, ..Proof::of(Source::Reply) };
    let opted_out = Input::OptOut { channel: Channel::Email, at: NOW, proof };
    assert_eq!(input(&notice, &known(), NOW), Some((customer("c1"), opted_out)));
    let stopped = suppression(&notice, &known().messages, &everybodys()).map(|found| found.stopped);
    assert_eq!(stopped, Some(Stopped::Marketing));
    assert_eq!(suppresses(&answer("CCCCCCCCCCCC", Some("配信停止"))), None, "whose address is not known");
}

#[test]
fn a_complaint_and_an_opt_out_at_the_provider_stop_marketing_to_the_address() {
    let at = NOW.plus(-60);
    let reference = || EMAIL.to_owned();
    let cases = [
        (Notice::Complaint { reference: reference(), at }, "complained"),
        (Notice::OptOut { reference: reference(), at }, "opted out at the provider"),
    ];
    for (notice, why) in cases {
        let expected = Suppression {
            channel: Channel::Email,
            address: "hana@example.jp".to_owned(),
            stopped: Stopped::Marketing,
            why,
            at,
        };
        assert_eq!(suppression(&notice, &known().messages, &everybodys()), Some(expected), "{notice:?}");
        let opted_out =
            Input::OptOut { channel: Channel::Email, at, proof: told(format!("message {EMAIL}")) };
        assert_eq!(input(&notice, &known(), NOW), Some((customer("c1"), opted_out)), "{notice:?}");
        assert_eq!(sender(&notice, &known().messages), None);
    }
    let strangers = Notice::Complaint { reference: "CCCCCCCCCCCC".to_owned(), at };
    assert_eq!((suppresses(&strangers), input(&strangers, &known(), NOW)), (None, None));
}

#[test]
fn an_opening_changes_nothing_but_the_message() {
    let notice = Notice::Open { reference: EMAIL.to_owned(), at: NOW.plus(DAY) };
    let opened = Input::Open { code: Code::parse(EMAIL).unwrap(), at: NOW };
    assert_eq!(
        input(&notice, &known(), NOW),
        Some((customer("c1"), opened)),
        "nothing comes from the future"
    );
    assert_eq!(suppresses(&notice), None);
}

#[test]
fn numbers_are_looked_up_only_when_the_message_does_not_tell() {
    let messages = known().messages;
    assert_eq!(sender(&reply("+819012345678", Some(SMS), "はい"), &messages), None);
    assert_eq!(
        sender(&reply("090-1111-2222", Some("x"), "はい"), &messages),
        Some((Channel::Sms, "+819011112222".to_owned()))
    );
}

/// What there is to show for a reply.
fn shown(evidence: &str) -> Proof {
    Proof { evidence: Some(evidence.to_owned()), ..Proof::of(Source::Reply) }
}

fn at_line(user: &str, did: LineDid) -> Notice {
    Notice::Line { user: user.to_owned(), did, at: NOW.plus(-60), id: "l".to_owned() }
}

fn wrote(text: &str) -> LineDid {
    LineDid::Wrote(text.to_owned())
}

#[test]
fn what_people_do_at_line_is_of_the_customer_with_the_id() {
    let (channel, at) = (Channel::Line, NOW.plus(-60));
    let said = Input::Reply { code: None, channel, word: Some("はい".to_owned()), at };
    let cases = [
        (at_line(USER, wrote("はい")), Some(said)),
        (at_line(USER, wrote("配信停止")), Some(Input::OptOut { channel, at, proof: shown("reply l") })),
        (
            at_line(USER, LineDid::Blocked),
            Some(Input::OptOut { channel, at, proof: told("event l".to_owned()) }),
        ),
        (at_line(USER, LineDid::Followed), None),
        (at_line("U00000000000000000000000000000000", wrote("停止")), None),
    ];
    for (notice, expected) in cases {
        assert_eq!(sender(&notice, &known().messages).map(|(channel, _)| channel), Some(Channel::Line));
        assert_eq!(
            input(&notice, &known(), NOW),
            expected.map(|input| (customer("c3"), input)),
            "{notice:?}"
        );
    }
}

#[test]
fn a_word_at_line_stops_marketing_and_a_block_is_kept_apart() {
    let stranger = "U00000000000000000000000000000000";
    assert_eq!(suppresses(&at_line(stranger, wrote("停止"))), Some((Channel::Line, stranger.to_owned())));
    for did in [wrote("停止しないで"), LineDid::Blocked, LineDid::Followed] {
        assert_eq!(suppresses(&at_line(USER, did)), None);
    }
    let at = NOW.plus(-60);
    let (blocked, followed) = (at_line(USER, LineDid::Blocked), at_line(USER, LineDid::Followed));
    assert_eq!(friendship(&blocked, NOW), Some(Friendship { user: USER, blocked: true, at }));
    assert_eq!(friendship(&followed, NOW), Some(Friendship { user: USER, blocked: false, at }));
    assert_eq!(friendship(&at_line(USER, wrote("停止")), NOW), None);
}
