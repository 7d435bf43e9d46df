//! What a message is expected to cost: by the account it goes through, on the day it goes.

use domain::definitions::{Definitions, Kind, Version};
use domain::message::CodeKey;
use domain::money::Yen;
use domain::names::AccountName;
use domain::time::Timestamp;

const SHOP: &str =
    "shop: { time_zone: Asia/Tokyo, prices: { docomo: 20, au: 20, softbank: 10, rakuten: 20 } }";
const ACCOUNTS: &str = "providers:
  accounts:
    priced:
      provider: sandbox
      prices: [{ from: 2026-04-01, currency: JPY, per_part: { docomo: 9, au: 9, softbank: 9, rakuten: 9 } }]
    plain: { provider: sandbox }
  routes: [{ channel: sms, to: { priced: 1 }, then: [plain] }]
";

#[test]
fn the_accounts_price_of_the_day_else_the_shops() {
    let version = |kind: Kind, yaml: &str| Version {
        kind,
        name: kind.name().to_owned(),
        number: 1,
        yaml: yaml.to_owned(),
    };
    let versions = [version(Kind::Shop, SHOP), version(Kind::Providers, ACCOUNTS)];
    let definitions = Definitions::new(&versions, CodeKey::none()).unwrap();
    let quote = |account: Option<&str>, at: &str| {
        let account = account.map(|name| AccountName::parse(name).unwrap());
        let quote = definitions.quote(account.as_ref(), "+819012345678", "あ", Timestamp::parse(at).unwrap());
        (quote.parts, quote.dearest, quote.likely())
    };
    let (before, after) = ("2026-03-31T23:59:59+09:00", "2026-04-01T00:00:00+09:00");
    assert_eq!(quote(Some("priced"), after), (1, Yen(9), Yen(9)));
    for (account, at) in
        [(Some("priced"), before), (Some("plain"), after), (Some("gone"), after), (None, after)]
    {
        assert_eq!(quote(account, at), (1, Yen(20), Yen(18)), "{account:?}");
    }
}
