//! What things cost, to read and as JSON.

use serde_json::{Value, json};

use super::Lines;
use super::measure::Measured;
use crate::commands::text::{columns, thousands};
use crate::cost::{
    Basis, Item, Line, Priced, YEN_IDLE_MONTH_AIM, YEN_PER_MESSAGE_AIM, bill, sum, times, yen,
    yen_beyond_free,
};

/// Messages of the months that are reckoned.
const MONTHS: [u32; 2] = [10_000, 1_000_000];

/// Customers of whom it is told what a month of them costs.
const CUSTOMERS: u32 = 10_000;

/// A row: what it is, and its quantity and yen; a heading has none.
type Row = (String, Option<[String; 2]>);

/// What is told.
pub(super) struct Told<'a> {
    /// What it was reckoned by.
    pub(super) basis: Basis<'a>,
    /// What was measured.
    pub(super) measured: &'a Measured,
    /// What it comes to.
    pub(super) lines: &'a Lines,
    /// Whether what is free for everyone is taken off.
    pub(super) free: bool,
}

impl Told<'_> {
    /// One object.
    pub(super) fn json(&self) -> Value {
        let Basis { prices, architecture, .. } = self.basis;
        let measured = self.measured;
        let idle = bill(&self.lines.idle, prices);
        let message = bill(&self.lines.message, prices);
        let [small, large] = MONTHS.map(|messages| self.month(messages));
        json!({
            "prices_as_of": prices.as_of,
            "region": prices.region,
            "architecture": architecture,
            "yen_per_dollar": prices.yen_per_dollar,
            "assumptions": prices.assumptions,
            "free_taken_off": self.free,
            "yen_per_message": yen(&message),
            "yen_idle_month": self.of(&idle),
            "yen_idle_month_at_list_prices": yen(&idle),
            "yen_idle_month_beyond_free": yen_beyond_free(&idle),
            "yen_10000_messages_month": small,
            "yen_1000000_messages_month": large,
            "yen_10000_customers_month": self.customers(),
            "aims": { "yen_per_message": YEN_PER_MESSAGE_AIM, "yen_idle_month": YEN_IDLE_MONTH_AIM },
            "step_functions": {
                "transitions_per_message": self.transitions(),
                "yen_per_message": prices.yen(Item::Transitions, self.transitions()),
            },
            "sms": { "parts_each": self.parts(), "yen_each": prices.yen(Item::SmsParts, self.parts()) },
            "email": { "yen_each": prices.yen(Item::Emails, 1.0) },
            "idle": idle,
            "message": message,
            "measured": {
                "customers": measured.customers,
                "messages": measured.messages(),
                "sms": measured.accepted.sms.accepted,
                "emails": measured.accepted.email.accepted,
                "transitions": measured.transitions,
            },
        })
    }

    /// A table.
    pub(super) fn table(&self) -> String {
        let Basis { prices, architecture, .. } = self.basis;
        let rate = prices.yen_per_dollar;
        let measured = self.measured;
        let architecture = serde_json::to_value(architecture).unwrap_or_default();
        let idle = bill(&self.lines.idle, prices);
        let message = bill(&self.lines.message, prices);
        let free = if self.free {
            "what every account gets for nothing is taken off"
        } else {
            "nothing is taken off for what every account gets for nothing (--free)"
        };
        let head = format!(
            "Prices of {} in {}, {}; a dollar at {} yen ({}); {free}.\nMeasured by {} messages to {} customers of the campaign win-back.\n\n",
            prices.as_of,
            prices.region,
            architecture.as_str().unwrap_or_default(),
            rate.yen,
            rate.as_of,
            measured.messages(),
            measured.customers,
        );
        let mut rows = vec![("idle, a month".to_owned(), Some([String::new(), amount(self.of(&idle))]))];
        rows.extend(idle.iter().map(|line| row(line, self.one(line))));
        rows.push(("a message".to_owned(), Some([String::new(), amount(yen(&message))])));
        rows.extend(message.iter().map(|line| row(line, line.yen)));
        rows.push(("a month, idle and messages".to_owned(), None));
        rows.extend(MONTHS.map(|messages| {
            let name = format!("  {} messages", thousands(messages.into()));
            (name, Some([String::new(), amount(self.month(messages))]))
        }));
        let name = format!("  {} customers, when nothing happens to them", thousands(CUSTOMERS.into()));
        rows.push((name, Some([String::new(), amount(self.customers())])));
        rows.extend(self.beside());
        head + &columns(rows) + &aims(yen(&message), self.of(&idle))
    }

    /// What other things cost.
    fn beside(&self) -> Vec<Row> {
        let prices = self.basis.prices;
        let other = |name: &str, item, quantity| {
            let unit = &prices.of(item).unit;
            let quantity_in_words = format!("{} {unit}", number(quantity));
            (format!("  {name}"), Some([quantity_in_words, amount(prices.yen(item, quantity))]))
        };
        vec![
            ("beside it".to_owned(), None),
            other("the journey on Step Functions, a message", Item::Transitions, self.transitions()),
            other("AWS's fee of an SMS", Item::SmsParts, self.parts()),
            other("AWS's fee of an e-mail", Item::Emails, 1.0),
        ]
    }

    fn of(&self, bill: &[Priced]) -> f64 {
        if self.free { yen_beyond_free(bill) } else { yen(bill) }
    }

    const fn one(&self, line: &Priced) -> f64 {
        if self.free { line.yen_beyond_free } else { line.yen }
    }

    /// A month with so many messages.
    fn month(&self, messages: u32) -> f64 {
        self.with(&self.lines.message, messages)
    }

    /// What customers add to a month, if they are only there.
    fn customers(&self) -> f64 {
        self.with(&self.lines.customer, CUSTOMERS) - self.with(&[], 0)
    }

    /// An idle month and so many of something.
    fn with(&self, lines: &[Line], count: u32) -> f64 {
        let all = sum(self.lines.idle.iter().cloned().chain(times(lines, f64::from(count))));
        self.of(&bill(&all, self.basis.prices))
    }

    fn transitions(&self) -> f64 {
        self.measured.transitions as f64 / self.measured.messages() as f64
    }

    /// Parts of an SMS of the campaign.
    fn parts(&self) -> f64 {
        let sms = self.measured.accepted.sms;
        sms.parts as f64 / sms.accepted.max(1) as f64
    }
}

fn row(line: &Priced, yen: f64) -> Row {
    let Priced { what, quantity, unit, .. } = line;
    (format!("  {what}"), Some([format!("{} {unit}", number(*quantity)), amount(yen)]))
}

/// What is aimed at, and what misses it.
fn aims(message: f64, idle: f64) -> String {
    let missed = |is: f64, aim: f64| if is > aim { " (missed)" } else { "" };
    format!(
        "\nAims: ¥{YEN_PER_MESSAGE_AIM} a message{}, ¥{YEN_IDLE_MONTH_AIM} an idle month{}.",
        missed(message, YEN_PER_MESSAGE_AIM),
        missed(idle, YEN_IDLE_MONTH_AIM)
    )
}

/// Yen to three or four figures.
fn amount(yen: f64) -> String {
    format!("¥{}", number(yen))
}

/// A number to three or four figures: whole from a hundred on, and as many digits as it takes below one.
fn number(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and not below 0")]
    let whole = || thousands(number.round() as u64);
    match number {
        _ if number >= 100.0 => whole(),
        _ if number >= 1.0 || number == 0.0 => trimmed(format!("{number:.2}")),
        _ => trimmed(format!("{number:.6}")),
    }
}

fn trimmed(text: String) -> String {
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short.len() == text.len() { text } else { short.to_owned() }
}
