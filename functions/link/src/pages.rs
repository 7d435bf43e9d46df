//! The pages a receiver may see.

use axum::response::Html;
use domain::contact::Channel;
use maud::{DOCTYPE, Markup, html};

fn page(sender: &str, title: &str, body: &Markup) -> Html<String> {
    let style = "body{font-family:system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;line-height:1.7}\
                 input{font:inherit;width:100%;box-sizing:border-box;padding:.6rem;border:1px solid #789;border-radius:.4rem}\
                 button{font:inherit;padding:.7rem 1.6rem;border:0;border-radius:.4rem;background:#234;color:#fff}";
    let page = html! {
        (DOCTYPE)
        html lang="ja" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " - " (sender) }
                style { (style) }
            }
            body { h1 { (title) } (body) p { small { (sender) } } }
        }
    };
    Html(page.into_string())
}

const fn means(channel: Channel) -> (&'static str, &'static str) {
    match channel {
        Channel::Sms => ("SMS", "text messages"),
        Channel::Email => ("メール", "e-mails"),
        Channel::Line => ("LINE", "LINE messages"),
    }
}

/// One tap opts out.
pub(crate) fn optout(sender: &str, channel: Channel) -> Html<String> {
    let (ja, en) = means(channel);
    page(
        sender,
        "配信の停止",
        &html! {
            p { (sender) "からのお知らせの" (ja) "を停止します。" br; small { "Stop " (en) " from " (sender) "." } }
            form method="post" { button type="submit" { "停止する / Stop" } }
        },
    )
}

/// It is done.
pub(crate) fn opted_out(sender: &str, channel: Channel) -> Html<String> {
    let (ja, en) = means(channel);
    page(
        sender,
        "停止しました",
        &html! {
            p { "お知らせの" (ja) "は届かなくなります。" br; small { "You will get no more marketing " (en) "." } }
        },
    )
}

/// What was typed and why it can't be taken, when the form is shown again.
pub(crate) struct Wrong<'a> {
    pub(crate) typed: &'a str,
    pub(crate) why: (&'static str, &'static str),
}

/// One field asks for an e-mail address.
pub(crate) fn email_form(sender: &str, wrong: Option<&Wrong<'_>>) -> Html<String> {
    page(
        sender,
        "メールアドレスのご登録",
        &html! {
            p {
                (sender) "からのメールをお届けするアドレスをご入力ください。" br;
                small { "The e-mail address to which " (sender) " may write." }
            }
            @if let Some(Wrong { why: (ja, en), .. }) = wrong {
                p role="alert" style="color:#a00" { (ja) br; small { (en) } }
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
pub(crate) fn email_taken(sender: &str) -> Html<String> {
    page(
        sender,
        "ありがとうございます",
        &html! {
            p { "メールアドレスを承りました。" br; small { "Thank you: we have your e-mail address." } }
        },
    )
}

/// One tap confirms that the number is the person's.
pub(crate) fn confirm(sender: &str) -> Html<String> {
    page(
        sender,
        "ご本人の確認",
        &html! {
            p {
                (sender) "の画面でご自身が手続きをされている場合だけ、確認してください。" br;
                small { "Confirm only if it is you who asked for this at " (sender) "." }
            }
            form method="post" { button type="submit" { "確認する / Confirm" } }
        },
    )
}

/// The number is confirmed.
pub(crate) fn confirmed(sender: &str) -> Html<String> {
    page(
        sender,
        "確認しました",
        &html! {
            p { "元の画面に戻ってお進みください。" br; small { "Go back to where you came from." } }
        },
    )
}

/// The code is unknown or has expired.
pub(crate) fn gone(sender: &str) -> Html<String> {
    page(
        sender,
        "ページが見つかりません",
        &html! {
            p { "リンクの期限が切れたか、正しくありません。" br; small { "This link has expired or is not correct." } }
        },
    )
}

/// Something of ours is down.
pub(crate) fn busy(sender: &str) -> Html<String> {
    page(
        sender,
        "しばらくお待ちください",
        &html! {
            p { "ただいま混み合っています。少し後でもう一度お試しください。" br; small { "Please try again in a moment." } }
        },
    )
}
