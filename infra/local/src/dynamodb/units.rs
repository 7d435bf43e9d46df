//! Read and write request units: what `DynamoDB` bills for a call.

use dynoxide::DynoxideError;
use dynoxide::actions::transact_write_items::TransactWriteItem;
use dynoxide::types::{ConsumedCapacity, Item, item_size};

use super::{ALL_OLD, Failure};

/// A write unit covers so much of an item.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>
const WRITE_UNIT_BYTES: usize = 1024;
/// A transaction writes each item twice: to prepare and to commit.
const TRANSACTION_FACTOR: f64 = 2.0;

/// Units consumed by a call.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Units {
    pub(crate) read: f64,
    pub(crate) write: f64,
}

/// What an operation's units are, where the response does not say.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Read,
    Write,
}

/// The capacity report of a response: one table's, or several tables'.
pub(super) trait Listed {
    /// The sum of it.
    fn listed(&self, side: Side) -> Units;
}

impl Listed for Option<ConsumedCapacity> {
    fn listed(&self, side: Side) -> Units {
        sum(self.iter(), side)
    }
}

impl Listed for Option<Vec<ConsumedCapacity>> {
    fn listed(&self, side: Side) -> Units {
        sum(self.iter().flatten(), side)
    }
}

fn sum<'a>(tables: impl Iterator<Item = &'a ConsumedCapacity>, side: Side) -> Units {
    let mut units = Units::default();
    for table in tables {
        match (table.read_capacity_units, table.write_capacity_units, side) {
            (None, None, Side::Read) => units.read += table.capacity_units,
            (None, None, Side::Write) => units.write += table.capacity_units,
            (read, write, _) => {
                units.read += read.unwrap_or_default();
                units.write += write.unwrap_or_default();
            }
        }
    }
    units
}

/// A write whose condition may fail.
///
/// A failed condition is billed by the larger of the item it met and the item that was to be written.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>
pub(super) struct Watched {
    size: usize,
    caller_wants_item: bool,
}

impl Watched {
    /// Has the failure carry the item; `size` is what was to be written, as far as the request tells.
    pub(super) fn new(return_values: &mut Option<String>, size: usize) -> Self {
        let caller_wants_item = return_values.replace(ALL_OLD.to_owned()).as_deref() == Some(ALL_OLD);
        Self { size, caller_wants_item }
    }

    pub(super) fn failure(&self, error: DynoxideError) -> Failure {
        if let DynoxideError::ConditionalCheckFailedException(text, mut item) = error {
            let write = self.write_units(item.as_ref());
            self.hide(&mut item);
            let error = DynoxideError::ConditionalCheckFailedException(text, item);
            return Failure { units: Units { read: 0.0, write }, ..Failure::from(error) };
        }
        Failure::from(error)
    }

    fn write_units(&self, met: Option<&Item>) -> f64 {
        let bytes = self.size.max(met.map_or(0, item_size));
        bytes.div_ceil(WRITE_UNIT_BYTES).max(1) as f64
    }

    fn hide(&self, item: &mut Option<Item>) {
        if !self.caller_wants_item {
            *item = None;
        }
    }
}

/// Has a failed transaction carry the items that its conditions failed on.
pub(super) fn watch_all(actions: &mut [TransactWriteItem]) -> Vec<Watched> {
    let watch = |action: &mut TransactWriteItem| {
        let (values, size) = if let Some(put) = &mut action.put {
            (&mut put.return_values_on_condition_check_failure, item_size(&put.item))
        } else if let Some(update) = &mut action.update {
            (&mut update.return_values_on_condition_check_failure, 0)
        } else if let Some(delete) = &mut action.delete {
            (&mut delete.return_values_on_condition_check_failure, 0)
        } else if let Some(check) = &mut action.condition_check {
            (&mut check.return_values_on_condition_check_failure, 0)
        } else {
            return Watched { size: 0, caller_wants_item: false };
        };
        Watched::new(values, size)
    };
    actions.iter_mut().map(watch).collect()
}

/// A transaction that failed, and what it is billed for.
pub(super) fn transaction_failure(watched: &[Watched], error: DynoxideError) -> Failure {
    if let DynoxideError::TransactionCanceledException(text, mut reasons) = error {
        let mut write = 0.0;
        for (watched, reason) in watched.iter().zip(&mut reasons) {
            write += TRANSACTION_FACTOR * watched.write_units(reason.item.as_ref());
            watched.hide(&mut reason.item);
        }
        let error = DynoxideError::TransactionCanceledException(text, reasons);
        return Failure { units: Units { read: 0.0, write }, ..Failure::from(error) };
    }
    Failure::from(error)
}
