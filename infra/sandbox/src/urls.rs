//! Finding URLs in what people read.

use std::ops::Range;

/// The http(s) URLs in `text`, as ranges of bytes, in order.
pub(crate) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("http").map(|offset| from + offset) {
        let rest = &text[start..];
        let length = rest.find(|c: char| !belongs(c)).unwrap_or(rest.len());
        let url = rest[..length].trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        if url.starts_with("http://") || url.starts_with("https://") {
            found.push(start..start + url.len());
            from = start + url.len();
        } else {
            from = start + "http".len();
        }
    }
    found
}

/// The first URL in `text` that contains `base`; in HTML, `&amp;` reads as `&`.
pub(crate) fn first_with(text: &str, base: &str) -> Option<String> {
    all(text).find(|url| url.contains(base))
}

/// The same among those to a GIF.
pub(crate) fn first_gif_with(html: &str, base: &str) -> Option<String> {
    let gif =
        |url: &String| url.split('?').next().is_some_and(|path| path.to_ascii_lowercase().ends_with(".gif"));
    all(html).find(|url| url.contains(base) && gif(url))
}

fn all(text: &str) -> impl Iterator<Item = String> {
    find(text).into_iter().map(|range| text[range].replace("&amp;", "&"))
}

/// Whether a URL may go on with `c`: Japanese text often follows without a space.
fn belongs(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_end_where_japanese_goes_on() {
        let text = "http は https://a.jp/x。詳しくはhttp://b.jp/l/k3Jd02をご覧ください (http://b.jp/l/2)";
        let found: Vec<&str> = find(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["https://a.jp/x", "http://b.jp/l/k3Jd02", "http://b.jp/l/2"]);
        assert_eq!(first_with(text, "/l/").as_deref(), Some("http://b.jp/l/k3Jd02"));
        let html = r#"<a href="http://b.jp/l/1?a=1&amp;b=2">x</a>"#;
        assert_eq!(first_with(html, "/l/").as_deref(), Some("http://b.jp/l/1?a=1&b=2"));
        assert_eq!(first_with(html, "/p/"), None);
    }
}
