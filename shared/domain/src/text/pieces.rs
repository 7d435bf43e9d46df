//! A text as it is written: its words, and its tags.

/// Tags of Liquid that have an end.
pub(super) const BLOCKS: [&str; 9] =
    ["if", "unless", "ifchanged", "case", "for", "tablerow", "capture", "comment", "raw"];

/// A piece of a text as it was written.
#[derive(Clone, Copy)]
pub(super) enum Piece<'a> {
    /// What stands outside of tags.
    Words(&'a str),
    /// The inside of `{{ … }}`.
    Output(&'a str),
    /// The inside of `{% … %}`.
    Block(&'a str),
}

/// All pieces, in order.
pub(super) fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        found.push(Piece::Words(&rest[..start]));
        let tag = &rest[start + 2..];
        let output = rest[start..].starts_with("{{");
        let (inside, after) = tag.split_once(if output { "}}" } else { "%}" }).unwrap_or((tag, ""));
        // {{- and -}} take away the space around them.
        let inside = inside.strip_prefix('-').unwrap_or(inside);
        let inside = inside.strip_suffix('-').unwrap_or(inside);
        found.push(if output { Piece::Output(inside) } else { Piece::Block(inside) });
        rest = after;
    }
    found.push(Piece::Words(rest));
    found
}

/// The pieces that mean something: what stands in `raw` or `comment` is no tag, and is left out. Comments nest, as
/// Liquid has it.
pub(super) fn live(source: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut comments = 0_usize;
    let mut raw = false;
    pieces(source).into_iter().filter(move |piece| {
        let Piece::Block(tag) = piece else { return comments == 0 && !raw };
        match tag.trim() {
            "endraw" if raw => raw = false,
            _ if raw => return false,
            "raw" => raw = true,
            "comment" => {
                comments += 1;
                return comments == 1;
            }
            "endcomment" => comments = comments.saturating_sub(1),
            _ => {}
        }
        comments == 0
    })
}

/// A tag that means something, with what it sets apart.
#[derive(Clone, Copy)]
pub(super) struct Tag<'a> {
    /// What a block is called; of `{{ … }}`, nothing.
    pub name: &'a str,
    /// The name that it sets: `a` of `{% assign a = b %}` and of `{% for a in b %}`.
    pub sets: Option<&'a str>,
    /// What Liquid evaluates.
    pub asks: &'a str,
    /// In how many blocks it stands; what opens or closes one stands in it.
    pub depth: usize,
}

impl Tag<'_> {
    /// Whether it shows what it evaluates.
    pub(super) fn is_output(&self) -> bool {
        self.name.is_empty()
    }

    /// Whether it evaluates a value with its filters, without which no text comes to be.
    pub(super) fn evaluates(&self) -> bool {
        self.is_output() || self.name == "assign"
    }
}

/// The tags that mean something, in order.
pub(super) fn tags(source: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut depth = 0_usize;
    live(source).filter_map(move |piece| match piece {
        Piece::Words(_) => None,
        Piece::Output(asks) => Some(Tag { name: "", sets: None, asks, depth }),
        Piece::Block(tag) => {
            let (name, rest) = first_name(tag);
            let stands = if name.starts_with("end") {
                let stands = depth;
                depth = depth.saturating_sub(1);
                stands
            } else {
                depth += usize::from(BLOCKS.contains(&name));
                depth
            };
            let setting = ["assign", "capture", "increment", "decrement", "for", "tablerow"].contains(&name);
            let (sets, asks) = if setting { first_name(rest) } else { ("", rest) };
            Some(Tag { name, sets: setting.then_some(sets), asks, depth: stands })
        }
    })
}

/// How many bytes of a text stand before a part of it.
pub(super) fn offset(source: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(source.as_ptr() as usize)
}

/// What a tag of a block is called, or the first name of its rest, and what follows.
pub(super) fn first_name(tag: &str) -> (&str, &str) {
    let tag = tag.trim_start();
    tag.split_at(name_length(tag))
}

/// How many bytes at the beginning may be a name.
pub(super) fn name_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> String {
        live(source)
            .filter_map(|piece| match piece {
                Piece::Words(words) => Some(words),
                Piece::Output(_) | Piece::Block(_) => None,
            })
            .collect()
    }

    #[test]
    fn what_is_hidden_ends_where_liquid_ends_it() {
        assert_eq!(words("a{% comment %}b{% comment %}c{% endcomment %}d{% endcomment %}e"), "ae");
        assert_eq!(words("a{% comment %}{% raw %}{% endcomment %}{% endraw %}b{% endcomment %}c"), "ac");
        assert_eq!(words("a{% raw %}{% comment %}b{% endraw %}c"), "ac");
    }

    #[test]
    fn the_depth_of_tags() {
        let depths = |source| tags(source).map(|tag| tag.depth).collect::<Vec<_>>();
        assert_eq!(
            depths("{{ a }}{% if b %}{{ c }}{% else %}{{ d }}{% endif %}{{ e }}"),
            [0, 1, 1, 1, 1, 1, 0]
        );
    }
}
