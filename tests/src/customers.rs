//! Customers, as the calls that a shop makes about them.

use domain::time::Timestamp;
use serde_json::{Value, json};

/// What people's browsers call themselves.
pub const BROWSER: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile \
                           Safari/537.36";

/// A fictional customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Someone {
    /// The shop's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The mobile number as a person writes it.
    pub phone: String,
    /// The address.
    pub email: String,
    /// Whether SMS may come.
    pub sms: bool,
    /// Whether e-mail may come.
    pub mail: bool,
}

impl Someone {
    /// The customer of this number; of every ten one wants no SMS, and one no e-mail.
    pub fn number(number: u32) -> Self {
        Self {
            id: format!("c{number:05}"),
            name: format!("つなぎ花子{number:05}"),
            phone: format!("090{:08}", 12_340_000 + number),
            email: format!("hanako{number:05}@example.jp"),
            sms: number % 10 != 3,
            mail: number % 10 != 7,
        }
    }

    /// One who takes whatever comes.
    pub fn willing(number: u32) -> Self {
        Self { sms: true, mail: true, ..Self::number(number) }
    }

    /// The number in E.164.
    pub fn e164(&self) -> String {
        format!("+81{}", &self.phone[1..])
    }

    /// What the shop says of the customer.
    pub fn identify(&self, at: Timestamp) -> Value {
        json!({
            "type": "identify",
            "userId": self.id,
            "timestamp": at.to_string(),
            "traits": {
                "name": self.name,
                "phone": self.phone,
                "email": self.email,
                "consents": { "sms": { "marketing": self.sms }, "email": { "marketing": self.mail } },
            },
        })
    }

    /// A purchase.
    pub fn order(&self, order: &str, at: Timestamp, yen: i64) -> Value {
        self.event(
            "Order Completed",
            order,
            at,
            &json!({ "order_id": format!("{}-{order}", self.id), "total": yen }),
        )
    }

    /// Anything else that the customer does.
    pub fn event(&self, name: &str, id: &str, at: Timestamp, properties: &Value) -> Value {
        json!({
            "type": "track",
            "userId": self.id,
            "event": name,
            "messageId": format!("{}-{name}-{id}", self.id),
            "timestamp": at.to_string(),
            "properties": properties,
        })
    }
}
