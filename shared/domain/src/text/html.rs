//! Variables that can stand in HTML.

use liquid::ValueView;
use liquid::model::{Object, Value};

/// The variables with every text in them escaped, in lists and under names, too: what a customer writes as a name stays
/// words, in an attribute as well.
pub fn escaped(variables: &Object) -> Object {
    variables.iter().map(|(name, value)| (escape(name).into(), escaped_value(value))).collect()
}

fn escaped_value(value: &Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.iter().map(escaped_value).collect()),
        Value::Object(object) => Value::Object(escaped(object)),
        Value::Scalar(scalar) => {
            let plain = scalar.to_kstr();
            let escaped = escape(&plain);
            // Numbers and truth values have nothing to escape, and go on to count and decide.
            if escaped == plain.as_str() { value.clone() } else { Value::scalar(escaped) }
        }
        Value::State(_) | Value::Nil => value.clone(),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_something_in_html_changes() {
        let list = Value::Array(vec![Value::scalar("<a>"), Value::scalar(3)]);
        let variables = Object::from_iter([
            ("name".into(), Value::scalar("<img src=\"//x\" alt='y'> & 花")),
            ("n<".into(), Value::Object(Object::from_iter([("list".into(), list)]))),
            ("age".into(), Value::scalar(7)),
            ("vip".into(), Value::scalar(true)),
            ("none".into(), Value::Nil),
        ]);
        let list = Value::Array(vec![Value::scalar("&lt;a&gt;"), Value::scalar(3)]);
        let expected = Object::from_iter([
            ("name".into(), Value::scalar("&lt;img src=&quot;//x&quot; alt=&#39;y&#39;&gt; &amp; 花")),
            ("n&lt;".into(), Value::Object(Object::from_iter([("list".into(), list)]))),
            ("age".into(), Value::scalar(7)),
            ("vip".into(), Value::scalar(true)),
            ("none".into(), Value::Nil),
        ]);
        assert_eq!(escaped(&variables), expected);
    }
}
