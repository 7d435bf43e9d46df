//! What travels in the inbox: inputs for one customer.

use domain::input::Input;
use domain::names::CustomerId;
use serde::{Deserialize, Serialize};

/// The version of the payload; a reader takes its own and earlier ones.
pub const VERSION: u32 = 1;

/// The most inputs in one payload.
pub const INPUTS_LIMIT: usize = 100;

/// Inputs for one customer, in the order they came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inbox {
    /// The payload's version.
    pub v: u32,
    /// The customer.
    pub customer: CustomerId,
    /// The inputs.
    pub inputs: Vec<Input>,
}

impl Inbox {
    /// Inputs for a customer.
    pub fn new(customer: CustomerId, inputs: Vec<Input>) -> Self {
        Self { v: VERSION, customer, inputs }
    }
}
