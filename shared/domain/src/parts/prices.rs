//! What a part costs, and a message of LINE.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Route;
use crate::money::Yen;

/// Yen for a part on a route of which the shop says nothing: domestic routes cost 8 to 15.
const USUAL: u32 = 10;

/// Yen for a message of LINE of which the shop says nothing: the most that one beyond those of the plan costs
/// (<https://www.lycbiz.com/jp/service/line-official-account/plan/>).
const USUAL_LINE: u32 = 3;

/// The price of one part on each route, and of one message of LINE, in whole yen; the provider's contract has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    /// Yen a part to phones of docomo.
    pub docomo: u32,
    /// Yen a part to phones of au.
    pub au: u32,
    /// Yen a part to phones of `SoftBank`.
    pub softbank: u32,
    /// Yen a part to phones of Rakuten.
    pub rakuten: u32,
    /// Yen a part by an international route.
    pub international: u32,
    /// Yen a message of LINE: 0 while the plan's own messages are enough.
    pub line: u32,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            docomo: USUAL,
            au: USUAL,
            softbank: USUAL,
            rakuten: USUAL,
            international: USUAL,
            line: USUAL_LINE,
        }
    }
}

impl Prices {
    /// What a message of LINE costs, however long it is.
    pub fn of_line(&self) -> Yen {
        Yen(i64::from(self.line))
    }

    /// What so many parts on a route cost.
    pub fn of(&self, route: Route, parts: u32) -> Yen {
        let part = match route {
            Route::Docomo => self.docomo,
            Route::Au => self.au,
            Route::Softbank => self.softbank,
            Route::Rakuten => self.rakuten,
            Route::International => self.international,
        };
        Yen(i64::from(part).saturating_mul(i64::from(parts)))
    }
}
