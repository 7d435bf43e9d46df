use super::*;

#[test]
fn words_that_opt_out() {
    for reply in [
        "STOP",
        "stop",
        "  Stop. ",
        "ＳＴＯＰ",
        "ｓｔｏｐ！",
        "\"STOP\"",
        "STOP ALL",
        "UNSUBSCRIBE",
        "opt-out",
        "Opt out",
        "ストップ",
        "ｽﾄｯﾌﾟ",
        "停止",
        "「停止」",
        "　停止。\r\n",
        "配信停止",
        "配信 停止",
        "停止希望",
        "配信停止してください。",
        "解除",
        "解除をお願いします",
        "退会",
        "退会します",
        "配信を停止してください",
        "停止お願い致します",
        "ストップお願いします",
        "STOPお願いします",
        "Please stop.",
        "unsubscribe me, please",
        "please opt out",
        "Don't send me any more",
        "STOP. I don't want this",
        "停止いたします",
        "停止致します",
        "停止願います",
        "停止下さい",
        "停止御願いします",
        "配信停止宜しくお願いします",
        "退会手続きをお願いします",
        "配信停止希望致します",
        "ストップ希望",
        "メール配信停止",
        "メールの停止をお願い致します",
        "SMSを停止して下さい",
        "お知らせを停止してください",
        "今後の配信を中止してください",
        "不要",
        "メールは不要です",
        "連絡不要です",
        "もういりません",
        "お知らせはいらないです",
        "もう送らないでください。",
        "メール送るな",
        "配信をやめてください",
        "受取拒否",
        "停止ですか",
        "なぜ停止しないのですか",
        "配信停止しませんでした",
        "停止してくれませんか",
        "退会しなくても停止できますか",
        "停止ではなく解除してください",
        "stop by tomorrow?",
        "bus stop",
    ] {
        assert!(opts_out(reply), "{reply}");
    }
}

#[test]
fn words_that_do_not() {
    for reply in [
        "",
        "。",
        "停止しないで",
        "停止しないでください",
        "「停止」しないで",
        "STOPしないで",
        "配信を停止しないでください",
        "停止は希望しません",
        "停止したくないです",
        "停止ではありません",
        "不要ではないです",
        "不要品の買取はありますか",
        "停止方法",
        "営業停止ですか",
        "解除したくない",
        "退会はしません",
        "nonstop",
        "non-stop",
        "don't stop",
        "Please don’t stop!",
        "do not stop",
        "cancel",
        "キャンセル",
        "終了",
        "はい",
        "1",
        "ありがとう",
    ] {
        assert!(!opts_out(reply), "{reply}");
    }
}

#[test]
fn a_long_reply_is_read_in_one_go() {
    assert!(!opts_out(&"停止しないで ".repeat(50_000)));
}

#[test]
fn what_an_e_mail_quotes_is_not_said() {
    for (email, said) in [
        ("配信停止", true),
        (
            "ありがとう\n\n2026年3月2日 つなぎ書店 <s@example.jp>:\n> 配信の停止: https://t.example.jp/o/x",
            false,
        ),
        ("> 配信の停止: https://t.example.jp/o/x\r\n停止してください\r\n", true),
        ("はい\n-----Original Message-----\n配信の停止: https://t.example.jp/o/x", false),
        ("はい\n\n差出人: つなぎ書店\n配信の停止: https://t.example.jp/o/x", false),
    ] {
        assert_eq!(opts_out(&own_words(email)), said, "{email}");
    }
}

#[test]
fn texts_that_name_a_word() {
    for text in [
        "停止はSTOP返信",
        "停止はＳＴＯＰ返信",
        "Reply stop to opt out",
        "STOP/END",
        "opt-out: OPT-OUT",
        "配信停止は「停止」と返信",
        "不要な方はストップと返信",
        "不要な方はｽﾄｯﾌﾟと返信",
        "https://shop.example.jp/sale 停止は返信で",
    ] {
        assert!(names_word(text), "{text}");
    }
}

#[test]
fn texts_that_do_not() {
    for text in [
        "",
        "NONSTOP",
        "ＮＯＮＳＴＯＰセール",
        "non-stop sale",
        "BUSSTOP前",
        "STOPPER",
        "営業停止のお知らせ",
        "駐車券は不要です",
        "駐車券はいりません",
        "停止中の店",
        "ノンストップ便",
        "https://shop.example.jp/stop",
        "stop@shop.example.jp",
    ] {
        assert!(!names_word(text), "{text}");
    }
}
