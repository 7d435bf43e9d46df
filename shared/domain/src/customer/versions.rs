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
