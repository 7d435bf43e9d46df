//! What earlier versions of a customer's document looked like, and how each becomes the next.
//!
//! A new version is for whatever a release before would misread, or would drop when it writes the customer: a field that is
//! gone, reads otherwise or was not there, a value that is new in its place. ARCHITECTURE.md says what goes with it.

use serde_json::{Value, json};

/// From each version to the next, beginning with the first.
pub const STEPS: &[fn(&mut Value)] = &[keys_and_holds];

/// Version 1 is whatever was written before documents said a version. Some of it knows of earlier enrollments when they began
/// and no key, and of a message why it was last held and until when, but not when that was decided.
fn keys_and_holds(document: &mut Value) {
    let past = document.get_mut("past").and_then(Value::as_object_mut);
    let begun = past.into_iter().flat_map(|past| past.values_mut()).filter_map(Value::as_array_mut).flatten();
    for begun in begun.filter(|begun| begun.is_number()) {
        *begun = json!([begun.take()]);
    }
    let enrollments = document.get_mut("enrollments").and_then(Value::as_array_mut);
    enrollments.into_iter().flatten().for_each(holds);
}

/// Puts the holds of an enrollment's messages in one list.
fn holds(enrollment: &mut Value) {
    let mut holds = Vec::new();
    let visits = enrollment.get_mut("visits").and_then(Value::as_array_mut);
    for message in visits.into_iter().flatten().filter_map(|visit| visit.get_mut("message")?.as_object_mut())
    {
        let Some(Value::Array(held)) = message.remove("held") else { continue };
        if let ([why, until], Some(step)) = (held.as_slice(), message.get("step")) {
            // It was decided by then at the latest.
            holds.push(json!([until, step, until, why]));
        }
    }
    if let Some(enrollment) = enrollment.as_object_mut().filter(|_| !holds.is_empty()) {
        let known = enrollment.entry("holds").or_insert_with(|| json!([]));
        known.as_array_mut().into_iter().for_each(|known| known.append(&mut holds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(mut document: Value) -> Value {
        STEPS[0](&mut document);
        document
    }

    #[test]
    fn beginnings_get_a_place_for_their_key_and_holds_one_list() {
        let message = |held: Value| json!({ "message": { "step": 1, "code": "AAAAAAAAAAAA", "held": held } });
        let took = json!({ "took": { "step": 0, "way": "came", "at": 5 } });
        let first = json!({
            "past": { "win-back": [3, 4], "news": [[7, "A-1"]] },
            "enrollments": [{ "visits": [took, message(json!(["quiet_hours", 9]))], "holds": [[6, 0, 8, "paused"]] }],
        });
        let kept = json!({ "message": { "step": 1, "code": "AAAAAAAAAAAA" } });
        let expected = json!({
            "past": { "win-back": [[3], [4]], "news": [[7, "A-1"]] },
            "enrollments": [{ "visits": [took, kept], "holds": [[6, 0, 8, "paused"], [9, 1, 9, "quiet_hours"]] }],
        });
        assert_eq!(second(first), expected);
    }

    /// The last documents that said no version were as those of the second are.
    #[test]
    fn what_is_as_the_second_version_stays_as_it_is() {
        let message = json!({ "message": { "step": 1, "code": "AAAAAAAAAAAA" } });
        for same in [
            json!({ "id": "1", "definitions": 2 }),
            json!({ "id": "1", "past": { "news": [[7], [8, "A-1"]] }, "enrollments": [{ "visits": [message] }, {}] }),
            json!({ "id": "1", "enrollments": [{ "visits": [message], "holds": [[6, 1, 8, "paused"]] }] }),
            json!("no customer at all"),
        ] {
            assert_eq!(second(same.clone()), same);
        }
    }
}
