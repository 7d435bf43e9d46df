//! The messages that were accepted, in little memory.

use std::collections::HashMap;

use serde::Deserialize;

use crate::chance::hash;
use crate::kept::Line;
use crate::listing::{Channel, Entry, InboxQuery, Stats};

/// The most messages of one listing.
pub(crate) const MAX_LISTED: usize = 1000;

/// A message as it is posted.
#[derive(Deserialize)]
pub(crate) struct Incoming {
    pub(crate) reference: String,
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) from: Option<String>,
    #[serde(default)]
    pub(crate) subject: Option<String>,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) html: Option<String>,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
}

/// What an acceptance did.
pub(crate) struct Acceptance {
    pub(crate) index: u32,
    /// 1 for the first.
    pub(crate) times: u32,
    pub(crate) id: String,
    pub(crate) parts: u32,
    pub(crate) price_yen: i64,
}

/// Reference, receiver, subject and text lie in one allocation, one behind the other.
struct Letter {
    packed: Box<str>,
    ends: [u32; 3],
    further: Option<Box<Further>>,
    accepted_at: i64,
    times: u32,
    parts: u16,
    channel: Channel,
    text_kept: bool,
    /// How much people have yet to do before the text can go.
    awaited: u8,
}

struct Further {
    from: Option<String>,
    html: Option<String>,
    headers: Vec<(String, String)>,
}

pub(crate) struct Inbox {
    letters: Vec<Letter>,
    by_reference: HashMap<u64, u32>,
    stats: Stats,
    yen_per_part: i64,
    keep_texts: bool,
}

impl Inbox {
    pub(crate) fn new(yen_per_part: i64, keep_texts: bool) -> Self {
        let stats = Stats::default();
        Self { letters: Vec::new(), by_reference: HashMap::new(), stats, yen_per_part, keep_texts }
    }

    /// Takes in again what an earlier process accepted, without its text.
    pub(crate) fn restore(&mut self, line: Line<'_>) {
        let Line { channel, reference, to, parts, accepted_at } = line;
        let (reference, to, text) = (reference.into_owned(), to.into_owned(), String::new());
        let headers = Vec::new();
        let incoming = Incoming { reference, to, from: None, subject: None, text, html: None, headers };
        let Acceptance { index, .. } = self.accept(channel, incoming, parts, accepted_at);
        let letter = &mut self.letters[index as usize];
        (letter.text_kept, letter.further) = (false, None);
    }

    /// Takes in a message of so many parts.
    pub(crate) fn accept(
        &mut self,
        channel: Channel,
        incoming: Incoming,
        parts: u32,
        now_ms: i64,
    ) -> Acceptance {
        let index = match self.find(channel, &incoming.reference) {
            Ok(index) => index,
            Err(key) => {
                let index = u32::try_from(self.letters.len()).unwrap_or(u32::MAX);
                self.by_reference.insert(key, index);
                self.letters.push(Letter::new(channel, incoming, parts, now_ms, self.keep_texts));
                index
            }
        };
        let letter = &mut self.letters[index as usize];
        letter.times += 1;
        let (times, parts) = (letter.times, u32::from(letter.parts));
        let price_yen = price(channel, parts, self.yen_per_part);
        self.count(channel, times == 1, parts, price_yen);
        Acceptance {
            index,
            times,
            id: id(channel, self.letters[index as usize].reference(), times),
            parts,
            price_yen,
        }
    }

    /// The first acceptance of `reference`.
    pub(crate) fn look_up(&self, channel: Channel, reference: &str) -> Option<Entry> {
        self.find(channel, reference).ok().map(|index| self.entry(index))
    }

    pub(crate) fn list(&self, query: &InboxQuery) -> Vec<Entry> {
        let limit = query.limit.unwrap_or(100).min(MAX_LISTED);
        // An unescaped plus of a number reaches us as a space.
        let to = query.to.as_ref().map(|to| to.replace(' ', "+"));
        let first = query.after.unwrap_or_default() as usize;
        let wanted = |letter: &Letter| to.as_deref().is_none_or(|to| letter.to() == to);
        let matching = self.letters.iter().enumerate().skip(first).filter(|(_, letter)| wanted(letter));
        matching
            .take(limit)
            .filter_map(|(index, _)| u32::try_from(index).ok())
            .map(|index| self.entry(index))
            .collect()
    }

    /// The latest `limit` messages, latest first.
    pub(crate) fn latest(&self, limit: u32) -> Vec<Entry> {
        let end = u32::try_from(self.letters.len()).unwrap_or(u32::MAX);
        (end.saturating_sub(limit)..end).rev().map(|index| self.entry(index)).collect()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats
    }

    /// The messages accepted at or after `at_ms`.
    pub(crate) fn since(&self, at_ms: i64) -> Vec<u32> {
        let later = self.letters.iter().enumerate().filter(|(_, letter)| letter.accepted_at >= at_ms);
        later.filter_map(|(index, _)| u32::try_from(index).ok()).collect()
    }

    pub(crate) fn entry(&self, index: u32) -> Entry {
        let letter = &self.letters[index as usize];
        let parts = u32::from(letter.parts);
        let further = letter.further.as_deref();
        Entry {
            number: index + 1,
            id: id(letter.channel, letter.reference(), 1),
            channel: letter.channel,
            reference: letter.reference().to_owned(),
            to: letter.to().to_owned(),
            from: further.and_then(|further| further.from.clone()),
            subject: (letter.text_kept && letter.channel == Channel::Email)
                .then(|| letter.subject().to_owned()),
            text: letter.text_kept.then(|| letter.text().to_owned()),
            html: further.and_then(|further| further.html.clone()),
            headers: further.map(|further| further.headers.clone()).unwrap_or_default(),
            accepted_at: letter.accepted_at,
            times: letter.times,
            parts,
            price_yen: price(letter.channel, parts, self.yen_per_part),
        }
    }

    pub(crate) fn channel(&self, index: u32) -> Channel {
        self.letters[index as usize].channel
    }

    pub(crate) fn reference(&self, index: u32) -> &str {
        self.letters[index as usize].reference()
    }

    pub(crate) fn to(&self, index: u32) -> &str {
        self.letters[index as usize].to()
    }

    pub(crate) fn parts(&self, index: u32) -> (u32, i64) {
        let letter = &self.letters[index as usize];
        let parts = u32::from(letter.parts);
        (parts, price(letter.channel, parts, self.yen_per_part))
    }

    /// People will do `actions` things about the message before its text can go.
    pub(crate) fn await_actions(&mut self, index: u32, actions: usize) {
        self.letters[index as usize].awaited = u8::try_from(actions).unwrap_or(u8::MAX);
        self.drop_text(index);
    }

    /// One of them is done.
    pub(crate) fn acted(&mut self, index: u32) {
        let letter = &mut self.letters[index as usize];
        letter.awaited = letter.awaited.saturating_sub(1);
        self.drop_text(index);
    }

    fn drop_text(&mut self, index: u32) {
        let letter = &mut self.letters[index as usize];
        if !self.keep_texts && letter.awaited == 0 && letter.text_kept {
            letter.packed = Box::from(&letter.packed[..letter.ends[1] as usize]);
            letter.ends[2] = letter.ends[1];
            letter.text_kept = false;
        }
    }

    /// The message, or the free key under which it belongs: 64 bits of hash, checked against the message.
    fn find(&self, channel: Channel, reference: &str) -> Result<u32, u64> {
        let mut salt = 0;
        loop {
            let key = hash(salt, &[channel.name(), reference]);
            match self.by_reference.get(&key) {
                None => return Err(key),
                Some(index) => {
                    let letter = &self.letters[*index as usize];
                    if letter.channel == channel && letter.reference() == reference {
                        return Ok(*index);
                    }
                }
            }
            salt += 1;
        }
    }

    fn count(&mut self, channel: Channel, first: bool, parts: u32, price_yen: i64) {
        let of_channel = match channel {
            Channel::Sms => &mut self.stats.sms,
            Channel::Email => &mut self.stats.email,
            Channel::Line => &mut self.stats.line,
        };
        of_channel.accepted += 1;
        of_channel.distinct += u64::from(first);
        of_channel.parts += u64::from(parts);
        of_channel.price_yen += price_yen;
        self.stats.accepted += 1;
        self.stats.distinct += u64::from(first);
        self.stats.duplicates += u64::from(!first);
    }
}

impl Letter {
    fn new(channel: Channel, incoming: Incoming, parts: u32, now_ms: i64, keep_texts: bool) -> Self {
        let Incoming { reference, to, from, subject, text, html, headers } = incoming;
        let pieces = [to, subject.unwrap_or_default(), text];
        let mut packed =
            String::with_capacity(reference.len() + pieces.iter().map(String::len).sum::<usize>());
        packed.push_str(&reference);
        let mut ends = [0; 3];
        for (end, piece) in ends.iter_mut().zip(&pieces) {
            *end = u32::try_from(packed.len()).unwrap_or(u32::MAX);
            packed.push_str(piece);
        }
        let further =
            (keep_texts && channel == Channel::Email).then(|| Box::new(Further { from, html, headers }));
        Self {
            packed: packed.into_boxed_str(),
            ends,
            further,
            accepted_at: now_ms,
            times: 0,
            parts: u16::try_from(parts).unwrap_or(u16::MAX),
            channel,
            text_kept: true,
            awaited: 0,
        }
    }

    fn reference(&self) -> &str {
        &self.packed[..self.ends[0] as usize]
    }

    fn to(&self) -> &str {
        &self.packed[self.ends[0] as usize..self.ends[1] as usize]
    }

    fn subject(&self) -> &str {
        &self.packed[self.ends[1] as usize..self.ends[2] as usize]
    }

    fn text(&self) -> &str {
        &self.packed[self.ends[2] as usize..]
    }
}

fn id(channel: Channel, reference: &str, times: u32) -> String {
    format!("{}-{:016x}-{times}", channel.name(), hash(0, &[channel.name(), reference]))
}

fn price(channel: Channel, parts: u32, yen_per_part: i64) -> i64 {
    match channel {
        Channel::Sms => i64::from(parts) * yen_per_part,
        // LINE bills by its plan, and names no price of a message.
        Channel::Email | Channel::Line => 0,
    }
}
