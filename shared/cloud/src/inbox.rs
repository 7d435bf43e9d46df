//! What travels in the inbox: inputs for one customer.

use std::collections::BTreeMap;

use domain::input::Input;
use domain::names::CustomerId;
use serde::{Deserialize, Serialize};

use crate::payload::Payload;
use crate::version::Shape;

/// The most inputs in one payload.
pub const INPUTS_LIMIT: usize = 100;

/// The most bytes of inputs in one payload.
const BYTES_LIMIT: usize = 200_000;

/// Inputs for one customer, in the order they came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inbox {
    /// The customer.
    pub customer: CustomerId,
    /// The inputs.
    pub inputs: Vec<Input>,
}

impl Payload for Inbox {
    const SHAPE: Shape = Shape { kind: "a message of the inbox", steps: &[] };
}

impl Inbox {
    /// Inputs for a customer.
    pub fn new(customer: CustomerId, inputs: Vec<Input>) -> Self {
        Self { customer, inputs }
    }
}

/// The inputs of each customer together: customers in the order in which they first appear, inputs in the order they
/// came.
pub fn together(inputs: Vec<(CustomerId, Input)>) -> serde_json::Result<Vec<Inbox>> {
    let mut open: BTreeMap<CustomerId, (usize, usize)> = BTreeMap::new();
    let mut inboxes: Vec<Inbox> = Vec::new();
    for (customer, input) in inputs {
        let bytes = serde_json::to_vec(&input)?.len() + 1;
        if let Some((place, filled)) = open.get_mut(&customer)
            && let Some(inbox) = inboxes.get_mut(*place)
            && inbox.inputs.len() < INPUTS_LIMIT
            && *filled + bytes <= BYTES_LIMIT
        {
            *filled += bytes;
            inbox.inputs.push(input);
        } else {
            open.insert(customer.clone(), (inboxes.len(), bytes));
            inboxes.push(Inbox::new(customer, vec![input]));
        }
    }
    Ok(inboxes)
}

#[cfg(test)]
mod tests {
    use domain::customer::Value;
    use domain::time::Timestamp;

    use super::*;

    fn identify(customer: &str, text: &str) -> (CustomerId, Input) {
        let traits = BTreeMap::from([("note".to_owned(), Value::Text(text.to_owned()))]);
        let at = Timestamp::from_seconds(0);
        (CustomerId::parse(customer).unwrap(), Input::Identify { traits, consents: Vec::new(), at })
    }

    fn shape(inboxes: &[Inbox]) -> Vec<(&str, usize)> {
        inboxes.iter().map(|inbox| (inbox.customer.as_str(), inbox.inputs.len())).collect()
    }

    #[test]
    fn customers_in_the_order_they_appear_and_inputs_in_the_order_they_came() {
        let calls = vec![identify("b", "1"), identify("a", "2"), identify("b", "3")];
        let grouped = together(calls.clone()).unwrap();
        assert_eq!(shape(&grouped), [("b", 2), ("a", 1)]);
        assert_eq!(grouped[0].inputs, [calls[0].1.clone(), calls[2].1.clone()]);
    }

    #[test]
    fn no_payload_is_too_long_or_too_large() {
        let many = (0..250).map(|n| identify("a", &n.to_string())).collect();
        assert_eq!(shape(&together(many).unwrap()), [("a", 100), ("a", 100), ("a", 50)]);
        let large = (0..10).map(|_| identify("a", &"花".repeat(10_000))).collect();
        let large = together(large).unwrap();
        assert_eq!(shape(&large), [("a", 6), ("a", 4)]);
        assert!(large.iter().all(|inbox| serde_json::to_string(inbox).unwrap().len() < BYTES_LIMIT + 200));
    }
}
