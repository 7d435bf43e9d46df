//! Which column of a file is what: by the caller's word, by the table of the file's format, or by its own name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{anyhow, bail};
use csv::StringRecord;
use domain::spelling;

use crate::Kind;
use crate::cells::cell;
use crate::formats::{Field, Format, plain};
use crate::header::Header;
use crate::mapping::Mapping;

/// Columns that a note names.
const NAMED_LIMIT: usize = 12;
/// What a call already has at this place: `address` and `consents` in the traits of a customer.
const TAKEN_TRAITS: [&str; 2] = ["address", "consents"];
/// The same in the properties of an order or event.
const TAKEN_PROPERTIES: [&str; 3] = ["order_id", "products", "revenue"];

pub(crate) struct Columns {
    pub format: &'static Format,
    /// The file's own headers.
    names: Vec<String>,
    /// Where each field is; of several places the first one with anything in it counts.
    places: BTreeMap<Field, Vec<usize>>,
    /// Traits or properties by names of their own.
    named: Vec<(usize, String)>,
    used: Vec<usize>,
}

impl Columns {
    pub fn new(
        kind: Kind,
        header: &Header,
        maps: &[Mapping],
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        let names = header.own().to_vec();
        let format = Format::of(kind, &names);
        let mut columns =
            Self { format, names, places: BTreeMap::new(), named: Vec::new(), used: Vec::new() };
        let mut mapped = BTreeSet::new();
        for map in maps {
            let at = columns.theirs(header, map)?;
            mapped.insert(at);
            columns.ours(header, map, at)?;
        }
        // In the order of the tables, which is the order of preference.
        for (name, field) in format.columns.iter().copied().chain(format.fallback()) {
            let name = plain(name);
            let places: Vec<usize> = (0..columns.names.len())
                .filter(|at| !mapped.contains(at) && plain(&columns.names[*at]) == name)
                .collect();
            for at in places {
                mapped.insert(at);
                columns.put(field, at);
            }
        }
        let unknown: Vec<usize> = (0..columns.names.len())
            .filter(|at| !mapped.contains(at) && !columns.names[*at].is_empty())
            .collect();
        columns.rest(header, &unknown, notes)?;
        columns.tell(header, notes);
        columns.check(header)?;
        Ok(columns)
    }

    fn put(&mut self, field: Field, at: usize) {
        if field == Field::Unused {
            return;
        }
        if let Field::Named(name) = field {
            if self.named.iter().any(|(_, known)| known == name) {
                return;
            }
            self.named.push((at, name.to_owned()));
        } else {
            self.places.entry(field).or_default().push(at);
        }
        self.used.push(at);
    }

    fn theirs(&self, header: &Header, map: &Mapping) -> anyhow::Result<usize> {
        let exact = self.names.iter().position(|name| name.eq_ignore_ascii_case(&map.theirs));
        let alike = || self.names.iter().position(|name| plain(name) == plain(&map.theirs));
        exact.or_else(alike).ok_or_else(|| {
            let near = spelling::nearest(&map.theirs, self.names.iter().map(String::as_str));
            let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let (file, line) = (header.file(), header.line());
            anyhow!("{file}: {map}: no column `{}` in line {line}{meant}", map.theirs)
        })
    }

    fn ours(&mut self, header: &Header, map: &Mapping, at: usize) -> anyhow::Result<()> {
        let own = Format::own(self.format.kind);
        if map.ours.is_empty() {
            return Ok(());
        }
        if let Some(field) = own.field(&map.ours) {
            self.put(field, at);
            return Ok(());
        }
        let file = header.file();
        if let Some(problem) = self.reserved(&map.ours) {
            bail!("{file}: {map}: {problem}");
        }
        if let Some(near) = spelling::nearest(&map.ours, own.names()) {
            bail!("{file}: {map}: unknown; did you mean `{near}`?");
        }
        self.named.push((at, map.ours.clone()));
        self.used.push(at);
        Ok(())
    }

    /// The columns that nothing names: traits and properties by their own names, and of no use in orders.
    fn rest(&mut self, header: &Header, unknown: &[usize], notes: &mut Vec<String>) -> anyhow::Result<()> {
        let (file, line) = (header.file(), header.line());
        let own = Format::own(self.format.kind);
        let mut unused = Vec::new();
        for at in unknown.iter().copied() {
            let name = self.names[at].clone();
            // Only a field that is missing can have been meant.
            let missing = own.names().filter(|ours| own.field(ours).is_some_and(|field| !self.has(field)));
            let near = spelling::nearest(&name, missing).filter(|_| self.format.name.is_empty());
            if let Some(near) = near
                && (near == "id" || !self.format.keeps_others)
            {
                bail!("{file}: unknown column `{name}` in line {line}: did you mean `{near}`?");
            }
            if !self.format.keeps_others {
                unused.push(name);
                continue;
            }
            if let Some(near) = near {
                let kept = if self.format.kind == Kind::Customers { "trait" } else { "property" };
                notes.push(format!(
                    "{file}: column `{name}` in line {line} is kept as a {kept}: did you mean `{near}`?"
                ));
            }
            if let Some(problem) = self.reserved(&name) {
                bail!("{file}: column `{name}` in line {line}: {problem}");
            }
            self.named.push((at, name));
            self.used.push(at);
        }
        if !unused.is_empty() {
            notes.push(format!("{file}: columns that are not used: {}", first_of(&unused)));
        }
        Ok(())
    }

    /// Tells which traits customers get besides those that have a meaning here.
    fn tell(&self, header: &Header, notes: &mut Vec<String>) {
        let kept: Vec<String> = self.named.iter().map(|(_, name)| name.clone()).collect();
        if self.format.kind == Kind::Customers && !kept.is_empty() {
            notes.push(format!("{}: kept as traits: {}", header.file(), first_of(&kept)));
        }
    }

    fn reserved(&self, name: &str) -> Option<&'static str> {
        let among = |names: &[&str]| names.iter().any(|taken| taken.eq_ignore_ascii_case(name));
        match self.format.kind {
            Kind::Customers if among(&TAKEN_TRAITS) && name.eq_ignore_ascii_case("address") => {
                Some("is where the prefecture is kept; name it otherwise, such as --map address=street")
            }
            Kind::Customers if among(&TAKEN_TRAITS) => {
                Some("consent is in `sms_consent` and `email_consent`; name those by --map")
            }
            Kind::Orders if among(&TAKEN_PROPERTIES) => Some("is the order's own; choose another name"),
            Kind::Customers | Kind::Orders | Kind::Events => None,
        }
    }

    /// Makes sure that no column is meant twice, and that none is missing without which a row means nothing.
    fn check(&self, header: &Header) -> anyhow::Result<()> {
        let (file, line) = (header.file(), header.line());
        for (index, at) in self.used.iter().enumerate() {
            let name = &self.names[*at];
            if self.used[..index].iter().any(|other| self.names[*other].eq_ignore_ascii_case(name)) {
                bail!("{file}: column `{name}` is twice in line {line}; rename one of them");
            }
        }
        if let Some((_, name)) = self.named.iter().enumerate().find_map(|(index, named)| {
            self.named[..index].iter().any(|(_, other)| *other == named.1).then_some(named)
        }) {
            bail!("{file}: two columns in line {line} are kept as `{name}`; leave one of them out by --map");
        }
        let known = [Field::Id, Field::Email, Field::Phone, Field::PhonePart];
        let needs: &[(&str, &[Field])] = match self.format.kind {
            Kind::Customers => &[("id", &known)],
            Kind::Orders => &[
                ("order_id", &[Field::OrderId]),
                ("customer_id", &known),
                ("ordered_at", &[Field::At, Field::Date]),
                ("total", &[Field::Total]),
            ],
            Kind::Events => &[("customer_id", &known), ("event", &[Field::Event]), ("at", &[Field::At])],
        };
        for (name, any) in needs {
            if any.iter().all(|field| !self.has(*field)) {
                let own = Format::own(self.format.kind);
                let columns: Vec<&str> = own.names().collect();
                bail!(
                    "{file}: no column `{name}` in line {line}; the columns are: {}; yours is named by --map YOURS={name}",
                    columns.join(", ")
                );
            }
        }
        Ok(())
    }

    pub fn has(&self, field: Field) -> bool {
        self.places.contains_key(&field)
    }

    /// Whether an order may have several rows.
    pub fn has_lines(&self) -> bool {
        !self.format.name.is_empty() || self.has(Field::Product)
    }

    /// The columns whose cells are read.
    pub fn used(&self) -> impl Iterator<Item = (usize, &str)> {
        self.used.iter().map(|at| (*at, self.names[*at].as_str()))
    }

    /// The header of a field, for messages; the field's own name where it has no column.
    pub fn name(&self, field: Field) -> &str {
        if let Some(at) = self.places.get(&field).and_then(|places| places.first()) {
            return &self.names[*at];
        }
        let own = Format::own(self.format.kind).columns.iter().find(|(_, known)| *known == field);
        own.map_or("row", |(name, _)| name)
    }

    /// The column that a field of a call comes from, as the file calls it; `row` where there is none.
    pub fn of_field(&self, field: &str) -> &str {
        let own = field.split_once('.').map_or("", |(_, name)| name);
        let own = own.split_once('[').map_or(own, |(name, _)| name);
        if let Some((at, _)) = self.named.iter().find(|(_, name)| name == own) {
            return &self.names[*at];
        }
        let fields: &[Field] = match (field.split_once('.').map_or(field, |(of, _)| of), own) {
            ("userId", _) => &[Field::Id, Field::Email, Field::Phone, Field::PhonePart],
            ("timestamp", _) => &[Field::ConsentAt, Field::At, Field::Date],
            ("event", _) => &[Field::Event],
            ("messageId", _) => &[Field::EventId],
            (_, "name") => &[Field::Name, Field::LastName],
            (_, "lastName") => &[Field::LastName],
            (_, "firstName") => &[Field::FirstName],
            (_, "phone" | "fixed_line") => &[Field::Phone, Field::PhonePart],
            (_, "email") => &[Field::Email],
            (_, "line_id") => &[Field::LineId],
            (_, "birthday") => &[Field::Birthday],
            (_, "registered") => &[Field::Registered],
            (_, "tags") => &[Field::Tags],
            (_, "address.state") => &[Field::Prefecture],
            (_, "address.city") => &[Field::City],
            (_, "address.street") => &[Field::Street],
            (_, "address.postalCode") => &[Field::PostalCode],
            (_, "order_id") => &[Field::OrderId],
            (_, "total") => &[Field::Total],
            (_, "products") => &[Field::Product],
            _ => &[],
        };
        fields.iter().find(|field| self.has(**field)).map_or("row", |field| self.name(*field))
    }

    /// The first cell of a field that says anything, and its header.
    pub fn cell<'a>(&'a self, cells: &'a StringRecord, field: Field) -> Option<(&'a str, &'a str)> {
        self.cells(cells, field).next()
    }

    /// The cells of a field that say anything, and their headers.
    pub fn cells<'a>(
        &'a self,
        cells: &'a StringRecord,
        field: Field,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let places = self.places.get(&field).into_iter().flatten();
        places.filter_map(|at| Some((cell(cells, *at)?, self.names[*at].as_str())))
    }

    /// What the cells of a field say together, with `between` between them.
    pub fn joined(&self, cells: &StringRecord, field: Field, between: &str) -> Option<String> {
        let parts: Vec<&str> = self.cells(cells, field).map(|(text, _)| text).collect();
        (!parts.is_empty()).then(|| parts.join(between))
    }

    /// The traits or properties that go by names of their own, where they say anything.
    pub fn named<'a>(&'a self, cells: &'a StringRecord) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.named.iter().filter_map(|(at, name)| Some((name.as_str(), cell(cells, *at)?)))
    }
}

/// As many names as a note has room for.
fn first_of(names: &[String]) -> String {
    let shown = names.iter().take(NAMED_LIMIT).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED_LIMIT) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
