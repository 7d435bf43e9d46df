//! What came of some of a journey's enrollments: of all, of those that reached a step, of those that took a way.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::enrollment::{Goal, Status};
use crate::ledger::Sent;
use crate::money::Yen;

/// What came of some enrollments. All but money are counts of enrollments, so of people, who count again when they enter
/// again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// All of them.
    pub entered: u64,
    /// To whom a message left that its provider accepted.
    pub sent: u64,
    /// Whom a message reached.
    pub delivered: u64,
    /// Who loaded the picture of an e-mail, or whose mail program did.
    pub opened: u64,
    /// Who clicked a link.
    pub clicked: u64,
    /// Whose link was followed by what is likely to be a program; they may have clicked it as well.
    pub bots: u64,
    /// Who replied.
    pub replied: u64,
    /// Who reached the goal.
    pub converted: u64,
    /// What the events of the goal were worth.
    pub revenue_yen: Yen,
    /// What the messages cost.
    pub cost_yen: Yen,
}

impl Figures {
    /// Counts an enrollment by some of its messages, and the goal it reached.
    pub(super) fn add<'a>(&mut self, messages: impl IntoIterator<Item = &'a Sent>, goal: Option<Goal>) {
        let mut one = Self { entered: 1, ..Self::default() };
        for sent in messages {
            let (accepted, delivered) = match &sent.status {
                Status::Pending | Status::Unknown | Status::Skipped(_) | Status::Failed(_) => (false, false),
                Status::Accepted | Status::Undelivered(_) => (true, false),
                Status::Delivered => (true, true),
            };
            one.sent |= u64::from(accepted);
            one.delivered |= u64::from(delivered);
            one.opened |= u64::from(sent.opened.is_some());
            one.clicked |= u64::from(sent.clicked.is_some());
            one.bots |= u64::from(sent.scanned.is_some());
            one.replied |= u64::from(sent.replied.is_some());
            one.cost_yen += sent.yen.unwrap_or_default();
        }
        if let Some(goal) = goal {
            one.converted = 1;
            one.revenue_yen = goal.yen;
        }
        self.entered += one.entered;
        self.sent += one.sent;
        self.delivered += one.delivered;
        self.opened += one.opened;
        self.clicked += one.clicked;
        self.bots += one.bots;
        self.replied += one.replied;
        self.converted += one.converted;
        self.revenue_yen += one.revenue_yen;
        self.cost_yen += one.cost_yen;
    }

    /// Click-through rate: of those to whom a message left, how many clicked.
    pub fn ctr(&self) -> Option<f64> {
        ratio(self.clicked, self.sent)
    }

    /// Conversion rate: conversions per click.
    pub fn cvr(&self) -> Option<f64> {
        ratio(self.converted, self.clicked)
    }

    /// Cost per acquisition: what was spent, by conversions, to the nearest yen; none where nothing was sent.
    pub fn cpa_yen(&self) -> Option<Yen> {
        self.cost_yen.per(self.converted).filter(|_| self.sent > 0)
    }

    /// Return on spend: what the events of the goal were worth, for each yen that was spent.
    pub fn return_on_spend(&self) -> Option<f64> {
        (self.cost_yen > Yen::ZERO).then(|| self.revenue_yen.0 as f64 / self.cost_yen.0 as f64)
    }
}

/// The counts, and the rates that follow from them.
impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Figures", 14)?;
        fields.serialize_field("entered", &self.entered)?;
        fields.serialize_field("sent", &self.sent)?;
        fields.serialize_field("delivered", &self.delivered)?;
        fields.serialize_field("opened", &self.opened)?;
        fields.serialize_field("clicked", &self.clicked)?;
        fields.serialize_field("bots", &self.bots)?;
        fields.serialize_field("replied", &self.replied)?;
        fields.serialize_field("converted", &self.converted)?;
        fields.serialize_field("revenue_yen", &self.revenue_yen)?;
        fields.serialize_field("cost_yen", &self.cost_yen)?;
        fields.serialize_field("ctr", &self.ctr())?;
        fields.serialize_field("cvr", &self.cvr())?;
        fields.serialize_field("cpa_yen", &self.cpa_yen())?;
        fields.serialize_field("return_on_spend", &self.return_on_spend())?;
        fields.end()
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
