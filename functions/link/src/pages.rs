//! The pages a receiver may see. They name nobody: a link that was passed on tells nothing of whom it was sent to.

mod choices;

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{Html, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::consent::Purpose;
use domain::contact::Channel;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

pub(crate) use self::choices::{Choice, optout, saved};

const STYLE: &str = "body{font-family:system-ui,sans-serif;max-width:34rem;margin:2.5rem auto;padding:0 1rem;line-height:1.7;color:#123}\
     h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2.5rem}h1 span,p span,legend span{display:block;font-size:.85em;color:#456}\
     input{font:inherit;width:100%;box-sizing:border-box;padding:.6rem;border:1px solid #789;border-radius:.4rem}\
     button{font:inherit;min-height:2.8rem;padding:.6rem 1.6rem;border:2px solid #234;border-radius:.4rem;background:#234;color:#fff}\
     button.quiet{background:#fff;color:#234}fieldset{border:1px solid #9ab;border-radius:.4rem;margin:0 0 1rem;padding:.4rem 1rem 1rem}\
     .wrong{color:#a00}footer{margin-top:3rem;border-top:1px solid #9ab;font-size:.85em}";

/// What pages may load and do: our one style, and forms that come back to us.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).ok()
});

/// Who sends, as an advertisement has to say behind its link (特定電子メール法 art. 4, rule 9).
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    /// The shop's name.
    pub(crate) name: String,
    /// Its postal address.
    pub(crate) address: Option<String>,
    /// Where complaints and questions go: a phone number, an e-mail address or a web page.
    pub(crate) contact: Option<String>,
}

/// Two wordings of one thing: Japanese, English.
pub(crate) type Both = (String, String);

/// Headers of every answer: it is kept nowhere, shown in no frame, and tells nobody where it was read.
pub(crate) async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if let Some(policy) = &*POLICY {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

fn page(shop: &Shop, (title, english): (&str, &str), body: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="ja" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " - " (shop.name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { h1 { (title) span lang="en" { (english) } } (body) }
                (particulars(shop))
            }
        }
    };
    Html(page.into_string())
}

fn particulars(shop: &Shop) -> Markup {
    html! {
        footer {
            p { "送信者 / Sender: " (shop.name) }
            @if let Some(address) = &shop.address { p { "住所 / Address: " (address) } }
            @if let Some(contact) = &shop.contact { p { "苦情・お問い合わせ / Complaints and questions: " (contact) } }
        }
    }
}

/// A paragraph in both languages.
fn told(japanese: &str, english: &str) -> Markup {
    html! { p { (japanese) span lang="en" { (english) } } }
}

const fn means(channel: Channel) -> (&'static str, &'static str) {
    match channel {
        Channel::Sms => ("SMS", "text message"),
        Channel::Email => ("メール", "e-mail"),
        Channel::Line => ("LINE", "LINE message"),
    }
}

const fn matter(purpose: Purpose) -> (&'static str, &'static str) {
    match purpose {
        Purpose::Marketing => ("お知らせ・広告", "news and advertisements"),
        Purpose::Transactional => ("ご注文・ご予約などの連絡", "notices about orders, bookings and the like"),
    }
}

/// The words that stand where somebody agrees or refuses, and that are kept on the record.
pub(crate) fn wording(shop: &Shop, channel: Channel, purpose: Purpose, given: bool) -> Both {
    let (name, (by, with), (what, matter)) = (&shop.name, means(channel), matter(purpose));
    if given {
        (
            format!("{name}からの{what}を{by}で受け取ることに同意します。"),
            format!("I agree to receive {matter} from {name} by {with}."),
        )
    } else {
        (format!("{name}からの{what}の{by}を停止します。"), format!("Stop {matter} from {name} by {with}."))
    }
}

/// What was typed and why it can't be taken, when the form is shown again.
pub(crate) struct Wrong<'a> {
    pub(crate) typed: &'a str,
    pub(crate) why: (&'static str, &'static str),
}

/// One field asks for an e-mail address.
pub(crate) fn email_form(shop: &Shop, wrong: Option<&Wrong<'_>>) -> Html<String> {
    let name = &shop.name;
    page(
        shop,
        ("メールアドレスのご登録", "Your e-mail address"),
        &html! {
            (told(
                &format!("{name}からのメールをお届けするアドレスをご入力ください。"),
                &format!("The e-mail address to which {name} may write."),
            ))
            @if let Some(Wrong { why: (ja, en), .. }) = wrong {
                p role="alert" class="wrong" { (ja) span lang="en" { (en) } }
            }
            form method="post" {
                p {
                    label for="email" { "メールアドレス / E-mail" } br;
                    input id="email" name="email" type="email" autocomplete="email" maxlength="254" required
                        placeholder="name@example.jp" value=[wrong.map(|wrong| wrong.typed)];
                }
                button type="submit" { "登録する / Send" }
            }
        },
    )
}

/// The address was taken.
pub(crate) fn email_taken(shop: &Shop) -> Html<String> {
    let body = told("メールアドレスを承りました。", "Thank you: we have your e-mail address.");
    page(shop, ("ありがとうございます", "Thank you"), &body)
}

/// One tap confirms that the owner of an address wants marketing by e-mail.
pub(crate) fn confirm(shop: &Shop) -> Html<String> {
    let (agreed, english) = wording(shop, Channel::Email, Purpose::Marketing, true);
    page(
        shop,
        ("メール配信のご確認", "Please confirm"),
        &html! {
            (told(&agreed, &english))
            form method="post" { button type="submit" { "確認する / Confirm" } }
            (told("お心当たりがなければ、このページを閉じてください。", "If you did not ask for this, close this page."))
        },
    )
}

/// It is confirmed.
pub(crate) fn confirmed(shop: &Shop) -> Html<String> {
    let body = told(
        "お知らせのメールをお送りします。メールにある配信停止のリンクから、いつでも停止できます。",
        "You will get our news by e-mail. A link in each of them stops it at any time.",
    );
    page(shop, ("確認しました", "Confirmed"), &body)
}

/// One tap confirms that the number is the person's.
pub(crate) fn number(shop: &Shop) -> Html<String> {
    let body = html! {
        (told(
            "ご自身が手続きをされている場合だけ、確認してください。",
            "Confirm only if it is you who asked for this.",
        ))
        form method="post" { button type="submit" { "確認する / Confirm" } }
    };
    page(shop, ("ご本人の確認", "Is this you?"), &body)
}

/// The number is confirmed.
pub(crate) fn number_confirmed(shop: &Shop) -> Html<String> {
    let body = told("元の画面に戻ってお進みください。", "Go back to where you came from.");
    page(shop, ("確認しました", "Confirmed"), &body)
}

/// What was posted names nothing that can be chosen.
pub(crate) fn unreadable(shop: &Shop) -> Html<String> {
    let body = told("前のページに戻り、もう一度お試しください。", "Please go back and try again.");
    page(shop, ("読み取れませんでした", "This could not be read"), &body)
}

/// The code is unknown or has expired.
pub(crate) fn gone(shop: &Shop) -> Html<String> {
    let body = told("リンクの期限が切れたか、正しくありません。", "This link has expired or is not correct.");
    page(shop, ("ページが見つかりません", "Page not found"), &body)
}

/// Something of ours is down.
pub(crate) fn busy(shop: &Shop) -> Html<String> {
    let body =
        told("ただいま混み合っています。少し後でもう一度お試しください。", "Please try again in a moment.");
    page(shop, ("しばらくお待ちください", "One moment, please"), &body)
}
