//! The CDNOW purchase records: 18 months of a real shop, without personal data (see `data/README.md`).

use std::io::{BufRead, BufReader};

use flate2::read::GzDecoder;
use jiff::civil::Date;

const RECORDS: &[u8] = include_bytes!("../../data/cdnow-master.txt.gz");

/// Yen for one dollar.
pub const YEN_PER_DOLLAR: i64 = 120;

/// One purchase, as the shop recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Line of the file, from 2 (line 1 names the columns). It tells two purchases of one day apart.
    pub line: u32,
    /// The customer's number, five digits.
    pub customer: String,
    /// The date, without a time.
    pub day: Date,
    /// CDs bought.
    pub discs: u32,
    /// US cents paid; zero for a free CD.
    pub cents: i64,
}

impl Purchase {
    /// What was paid in yen at [`YEN_PER_DOLLAR`], rounded half up.
    pub const fn yen(&self) -> i64 {
        (self.cents * YEN_PER_DOLLAR + 50).div_euclid(100)
    }
}

/// A line of the purchase records that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cdnow-master.txt:{line}: {problem}")]
pub struct PurchaseError {
    /// Line of the file, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub problem: String,
}

/// All purchases in the order of the file: by customer, then by date.
pub fn purchases() -> impl Iterator<Item = Result<Purchase, PurchaseError>> {
    read(BufReader::new(GzDecoder::new(RECORDS)))
}

fn read(text: impl BufRead) -> impl Iterator<Item = Result<Purchase, PurchaseError>> {
    (1..).zip(text.lines()).skip(1).map(|(line, row)| {
        let row = row.map_err(|e| PurchaseError { line, problem: e.to_string() })?;
        parse(line, &row).map_err(|problem| PurchaseError { line, problem })
    })
}

fn parse(line: u32, row: &str) -> Result<Purchase, String> {
    let fields: Vec<&str> = row.split_whitespace().collect();
    let [customer, day, discs, dollars] = fields[..] else {
        return Err(format!("{} fields; customer, date, CDs and dollars make 4", fields.len()));
    };
    let wrong = |what: &str| format!("{what} cannot be read");
    Ok(Purchase {
        line,
        customer: customer.to_owned(),
        day: Date::strptime("%Y%m%d", day).map_err(|_| wrong("the date"))?,
        discs: discs.parse().map_err(|_| wrong("the number of CDs"))?,
        cents: cents(dollars).ok_or_else(|| wrong("the amount"))?,
    })
}

/// `11.77` is 1,177.
fn cents(dollars: &str) -> Option<i64> {
    let (whole, part) = dollars.split_once('.').filter(|(_, part)| part.len() == 2)?;
    Some(i64::from(whole.parse::<u32>().ok()?) * 100 + i64::from(part.parse::<u8>().ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_figures_are_those_of_the_literature() {
        let all: Vec<Purchase> = purchases().collect::<Result<_, _>>().unwrap();
        assert_eq!(all.len(), 69_659);
        assert_eq!(all.iter().map(|p| &p.customer).collect::<BTreeSet<_>>().len(), 23_570);
        assert_eq!(all.iter().map(|p| p.cents).sum::<i64>(), 250_031_563);
        assert_eq!(all.iter().map(|p| p.day).min(), Some(date(1997, 1, 1)));
        assert_eq!(all.iter().map(|p| p.day).max(), Some(date(1998, 6, 30)));
        assert!(all.is_sorted_by_key(|p| (p.customer.clone(), p.day, p.line)));
    }

    #[test]
    fn yen_round_half_up() {
        let yen =
            |cents| Purchase { line: 2, customer: String::new(), day: Date::ZERO, discs: 1, cents }.yen();
        // 1.2, 2.4, 3.6, 4.8, 6.0 and 1,412.4 yen
        assert_eq!([1, 2, 3, 4, 5, 1_177].map(yen), [1, 2, 4, 5, 6, 1_412]);
        assert_eq!(yen(0), 0);
    }

    #[test]
    fn an_error_names_the_line() {
        let problem = |row: &str| {
            let text = format!("header\r\n 00001 19970101  1   11.77\r\n{row}\r\n");
            read(text.as_bytes()).find_map(Result::err).unwrap().to_string()
        };
        assert_eq!(
            problem("00002 19970112 1"),
            "cdnow-master.txt:3: 3 fields; customer, date, CDs and dollars make 4"
        );
        assert_eq!(problem("00002 19971301 1 2.00"), "cdnow-master.txt:3: the date cannot be read");
        assert_eq!(problem("00002 19970101 x 2.00"), "cdnow-master.txt:3: the number of CDs cannot be read");
        assert_eq!(problem("00002 19970101 1 -2.00"), "cdnow-master.txt:3: the amount cannot be read");
    }
}
