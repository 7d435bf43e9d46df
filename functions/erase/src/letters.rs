//! Dead letters about a person.

use cloud::queue::Queue;
use domain::names::CustomerId;
use serde_json::Value;

use anyhow::Result;

/// Deletes the dead letters about a person, known by the id or by `marks` of theirs: codes of messages, addresses. Answers how
/// many there were.
pub(crate) async fn delete(queues: &[Queue], id: &CustomerId, marks: &[String]) -> Result<usize> {
    let mut deleted = 0;
    let names = |body: &str| marks.iter().any(|mark| body.contains(mark.as_str()));
    for queue in queues {
        deleted += queue.delete_where(|body| is_about(body, id) || names(body)).await?;
    }
    Ok(deleted)
}

/// Whether a message is about a person. One that does not read is, if the id stands in it as a JSON text.
fn is_about(body: &str, id: &CustomerId) -> bool {
    match serde_json::from_str::<Value>(body) {
        Ok(message) if message["customer"].is_string() => message["customer"] == id.as_str(),
        Ok(_) | Err(_) => body.contains(&Value::from(id.as_str()).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_about_whom_it_names() {
        let id = CustomerId::parse("c1").unwrap();
        assert!(is_about(r#"{"v":1,"customer":"c1","code":"AAAAAAAAAAAA"}"#, &id));
        assert!(!is_about(r#"{"v":1,"customer":"c12","inputs":["c1"]}"#, &id));
        assert!(is_about(r#"{"v":9,"who":"c1"}"#, &id));
        assert!(is_about(r#"{"customer":"c1","#, &id), "cut off");
        assert!(!is_about("c1", &id));
    }
}
