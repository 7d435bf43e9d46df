//! Dry runs over all customers, on all cores.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use cloud::table::Table;
use cloud::table::due::ScanKey;
use domain::customer::Customer;
use domain::definitions::Definitions;
use domain::input::Input;
use domain::names::CustomerId;
use domain::simulate::{BLOCK, Simulation, Tally};
use domain::step::step;
use domain::time::Timestamp;
use tokio::runtime::Handle;

/// How many threads there are cores for.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Customers of whom this is all that is known, in the order of their ids.
pub fn customers(said: BTreeMap<CustomerId, Vec<Input>>, now: Timestamp) -> Result<Vec<Customer>> {
    let nothing = crate::definitions::gather(&[])?;
    let known =
        |(id, inputs): (CustomerId, Vec<Input>)| step(&Customer::new(id), &inputs, now, &nothing).customer;
    Ok(said.into_iter().map(known).collect())
}

/// The definitions without journeys.
pub fn without_journeys(definitions: &Definitions) -> Definitions {
    let mut before = definitions.clone();
    before.journeys.clear();
    before
}

/// Has every block looked at, on so many threads, and merges what they come to.
pub fn look<B: AsRef<[Customer]>, T: Send>(
    blocks: impl Iterator<Item = Result<B>> + Send,
    threads: usize,
    start: impl Fn() -> T + Sync,
    look: impl Fn(&mut T, &[Customer], u32) + Sync,
    merge: impl Fn(&mut T, T),
) -> Result<T> {
    let blocks = Mutex::new((0_u32..).zip(blocks));
    let work = || -> Result<T> {
        let mut seen = start();
        loop {
            let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, block)) = next else { return Ok(seen) };
            look(&mut seen, block?.as_ref(), number);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut all = start();
        for worker in workers {
            merge(&mut all, worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(all)
    })
}

/// Plays every block through each of the simulations, on so many threads. What comes out depends on the customers and
/// their order alone.
pub fn play<B: AsRef<[Customer]>>(
    simulations: &[Simulation<'_>],
    blocks: impl Iterator<Item = Result<B>> + Send,
    threads: usize,
) -> Result<Vec<Tally>> {
    let start = || vec![Tally::default(); simulations.len()];
    let one = |tallies: &mut Vec<Tally>, block: &[Customer], number: u32| {
        for (tally, simulation) in tallies.iter_mut().zip(simulations) {
            tally.merge(simulation.play(block, number));
        }
    };
    let merge = |all: &mut Vec<Tally>, tallies: Vec<Tally>| {
        all.iter_mut().zip(tallies).for_each(|(all, tally)| all.merge(tally));
    };
    look(blocks, threads, start, one, merge)
}

/// The customers of a table, in blocks, in the order of a scan. Beside a block one page is in memory.
pub struct StoredBlocks<'a, F> {
    handle: Handle,
    table: &'a Table,
    /// Where the next page begins; the first has none.
    after: Option<ScanKey>,
    ended: bool,
    read: Vec<Customer>,
    seen: F,
}

impl<'a, F: Fn(u64)> StoredBlocks<'a, F> {
    /// Reads from a thread outside of the runtime. `seen` is told how many items each page went over.
    pub const fn new(handle: Handle, table: &'a Table, seen: F) -> Self {
        Self { handle, table, after: None, ended: false, read: Vec::new(), seen }
    }

    fn page(&mut self) -> Result<()> {
        let page = self.handle.block_on(self.table.scan(0, 1, self.after.as_ref()))?;
        (self.seen)(page.items);
        self.read.extend(page.customers().map(|stored| stored.customer));
        self.ended = page.next.is_none();
        self.after = page.next;
        Ok(())
    }
}

impl<F: Fn(u64)> Iterator for StoredBlocks<'_, F> {
    type Item = Result<Vec<Customer>>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.read.len() < BLOCK && !self.ended {
            if let Err(error) = self.page() {
                self.ended = true;
                return Some(Err(error));
            }
        }
        let rest = self.read.split_off(self.read.len().min(BLOCK));
        let block = std::mem::replace(&mut self.read, rest);
        (!block.is_empty()).then_some(Ok(block))
    }
}
