//! One-time codes: each verification (`V#ID`), those of a number and which is the latest (`V#number#HASH`), and how much of
//! each limit was taken (`K#LIMIT#KEY` / `WINDOW`). All of them expire.
//!
//! The number itself stands in a verification until its SMS was sent, or was not; from then on its hash does. What the SMS
//! cost is settled by the receipt however late it comes, so a verification is kept for as long as one may.
//!
//! Everything that must hold whoever else asks at the same instant is the condition of one write: a limit, a try, an approval,
//! the claim before the provider is called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::contact::{Channel, Phone};
use domain::enrollment::Status;
use domain::money::Yen;
use domain::names::AccountName;
use domain::parts::Network;
use domain::time::{DAY, HOUR, Timestamp};
use domain::verification::{
    CodeHash, Count, Host, Id, Limit, LinkHash, LinkToken, Stands, Taken, Verification,
};
use serde::de::DeserializeOwned;

use super::messages::Recorded;
use super::spending::{Charge, once};
use super::{Item, Reading, Table, held, new_attempt, number, read_number, read_text, text};
use crate::call::Call;
use crate::version::Shape;

const VERIFICATION: Shape<Item> = Shape { kind: "a verification", steps: &[validity] };

/// Version 1 says by `expires` alone until when it is valid, and knows no hash of its number.
fn validity(item: &mut Item) {
    if let Some(expires) = item.get("expires").cloned() {
        item.insert("valid_until".to_owned(), expires);
    }
}

const SORT: &str = "verification";

const LATEST: &str = "latest";

const ACCOUNT: &str = "account";

/// For how long after a code is over its SMS may be under way, in seconds; then its number is forgotten, whatever became of
/// it.
const SENDING_SECONDS: i64 = HOUR;

/// For how long after an SMS left its receipt may come, in seconds: carriers try for three days, a provider that we did not
/// answer posts again for seven at most (CM.com), and what was put off waits in our queues for fourteen.
pub const RECEIPT_SECONDS: i64 = (3 + 7 + 14) * DAY;

/// Whether the number is one that no carrier of Japan has; others do without it.
const ABROAD: &str = "abroad";

/// A verification as it is stored.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The verification.
    pub verification: Verification,
    /// The number its SMS goes to; none once that was sent, or was not.
    pub to: Option<Phone>,
    /// The hash of the number; none once its person was erased.
    pub address: Option<String>,
    /// The network that the number is of.
    pub network: Network,
    /// Who claimed its SMS, and when.
    pub claim: Option<(String, Timestamp)>,
    /// What became of its SMS.
    pub outcome: Option<Recorded>,
    /// The account of the shop's own that its SMS went through, and what was taken from its month.
    pub charged: Option<(AccountName, Charge)>,
}

/// What is claimed with the right to call the provider: from then on the code, or the link, counts.
#[derive(Clone, Debug)]
pub struct CodeClaim<'a> {
    /// Who claims it.
    pub attempt: &'a str,
    /// When.
    pub at: Timestamp,
    /// The hash of the code that is sent.
    pub code: Option<&'a CodeHash>,
    /// The hash of the link that is sent.
    pub link: Option<&'a LinkHash>,
}

impl Kept {
    pub(super) fn read(item: &Item) -> Result<Self> {
        let item = &*VERIFICATION.item(item)?;
        let integer = |name: &str| read_number(item, name).with_context(|| format!("no number `{name}`"));
        let id = read_text(item, "pk")?.strip_prefix("V#").and_then(Id::parse).context("no name")?;
        let verification = Verification {
            id,
            shape: named(read_text(item, "shape")?)?,
            locale: named(read_text(item, "locale")?)?,
            host: read_text(item, "host").ok().map(Host::parse).transpose()?,
            stands: Stands::parse(read_text(item, "stands")?).context("it stands in no way")?,
            tries_left: u32::try_from(integer("tries_left")?)?,
            expires_at: Timestamp::from_seconds(integer("valid_until")?),
            minutes: u32::try_from(integer("minutes")?)?,
            taken: Taken { day: read_text(item, "taken_on")?.to_owned(), yen: Yen(integer("yen")?) },
        };
        let claim = read_text(item, "attempt").ok().map(ToOwned::to_owned);
        let claim = claim.zip(read_number(item, "claimed_at").map(Timestamp::from_seconds));
        let outcome = read_text(item, "outcome").ok().map(serde_json::from_str).transpose()?;
        let account = read_text(item, ACCOUNT).ok().map(AccountName::parse).transpose()?;
        let charged = account.zip(Charge::read(item));
        let to = read_text(item, "phone").ok().map(Phone::kept);
        let address = read_text(item, "address").ok().map(ToOwned::to_owned);
        let network = if item.contains_key(ABROAD) { Network::International } else { Network::Japan };
        Ok(Self { verification, to, address, network, claim, outcome, charged })
    }
}

/// The item of a verification of which nothing has come yet; `address` is the hash of its number.
pub(super) fn item(verification: &Verification, to: &Phone, address: &str) -> Item {
    let Verification { id, shape, locale, host, stands, tries_left, expires_at, minutes, taken } =
        verification;
    let mut item = Item::from([
        ("pk".to_owned(), text(partition(id))),
        ("sk".to_owned(), text(SORT)),
        ("phone".to_owned(), text(to.as_str())),
        ("address".to_owned(), text(address)),
        ("shape".to_owned(), text(shape.name())),
        ("locale".to_owned(), text(locale.name())),
        ("stands".to_owned(), text(stands.name())),
        ("tries_left".to_owned(), number(tries_left)),
        ("valid_until".to_owned(), number(expires_at.seconds())),
        ("expires".to_owned(), number(expires_at.plus(SENDING_SECONDS).seconds())),
        ("minutes".to_owned(), number(minutes)),
        ("taken_on".to_owned(), text(&taken.day)),
        ("yen".to_owned(), number(taken.yen.0)),
        VERIFICATION.mark(),
    ]);
    item.extend(host.iter().map(|host| ("host".to_owned(), text(host.as_str()))));
    if Network::of(to.as_str()) == Network::International {
        item.insert(ABROAD.to_owned(), AttributeValue::Bool(true));
    }
    item
}

fn named<T: DeserializeOwned>(name: &str) -> Result<T> {
    Ok(serde_json::from_value(name.into())?)
}

fn partition(id: &Id) -> String {
    format!("V#{id}")
}

fn of_number(hash: &str) -> String {
    format!("V#number#{hash}")
}

fn counter(limit: Limit, key: &str) -> String {
    format!("K#{}#{key}", limit.name())
}

impl Table {
    /// What was taken from counters so far, as a reader sees it that may lag behind: a flood is turned away by reading.
    pub async fn used(&self, counts: &[Count]) -> Result<Vec<i64>> {
        let key = |count: &Count| (counter(count.limit, &count.key), count.window.clone());
        let items = self.get_all(counts.iter().map(key).collect(), Reading::Eventual).await?;
        let mut used = BTreeMap::new();
        for item in &items {
            let key = (read_text(item, "pk")?.to_owned(), read_text(item, "sk")?.to_owned());
            used.insert(key, read_number(item, "n").unwrap_or(0));
        }
        Ok(counts.iter().map(|count| used.get(&key(count)).copied().unwrap_or(0)).collect())
    }

    /// Takes from a counter; `false` when it has no room. Of all who take at once, no more go through than there is room for.
    pub async fn take(&self, count: &Count) -> Result<bool> {
        if !count.has_room(0) {
            return Ok(false);
        }
        let request = self
            .counter(count)
            .update_expression("ADD n :amount SET expires = :expires")
            .condition_expression("attribute_not_exists(n) OR n <= :room")
            .expression_attribute_values(":amount", number(count.amount))
            .expression_attribute_values(":room", number(count.most - count.amount))
            .expression_attribute_values(":expires", number(count.expires.seconds()));
        held(request.call().await.err(), "taking from a limit of codes")
    }

    /// Gives back what was taken from a counter for a code that another limit stopped. What a crash leaves taken stays so: a
    /// limit ends early, never late.
    pub async fn give_back(&self, count: &Count) -> Result<()> {
        let request = self.counter(count).update_expression("ADD n :amount");
        let request = request.expression_attribute_values(":amount", number(-count.amount));
        once(request).await.context("giving back to a limit of codes")
    }

    fn counter(&self, count: &Count) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.name);
        request.key("pk", text(counter(count.limit, &count.key))).key("sk", text(&count.window))
    }

    /// Sets right what was taken for an SMS out of a day's amount.
    pub async fn correct_codes_cost(&self, taken: &Taken, by: Yen) -> Result<()> {
        let request = self.client.update_item().table_name(&self.name);
        let request = request.key("pk", text(counter(Limit::Yen, ""))).key("sk", text(&taken.day));
        let request = request.update_expression("ADD n :by").expression_attribute_values(":by", number(by.0));
        once(request).await.context("correcting what codes cost")
    }

    /// What codes cost on a day, by the shop's calendar.
    pub async fn codes_cost(&self, day: &str) -> Result<Yen> {
        let item = self.get(&counter(Limit::Yen, ""), day, Reading::Consistent).await?;
        Ok(Yen(item.and_then(|item| read_number(&item, "n")).unwrap_or(0)))
    }

    /// Writes a verification of a number, and has the one before it stop counting.
    pub async fn begin_verification(&self, verification: &Verification, to: &Phone) -> Result<()> {
        let Verification { id, expires_at, .. } = verification;
        let hash = self.address_key()?.address(Channel::Sms, to.as_str());
        // First, so that an erasure finds whatever comes after it.
        let until = expires_at.plus(SENDING_SECONDS + RECEIPT_SECONDS);
        self.put_of_number(&hash, id.as_str(), until).call().await.context("listing a verification")?;
        let item = item(verification, to, &hash);
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        request.call().await.context("writing a verification")?;
        let latest = self.put_of_number(&hash, LATEST, *expires_at).item("named", text(id.as_str()));
        let latest = latest.return_values(ReturnValue::AllOld);
        let before = latest.call().await.context("writing a number's latest verification")?.attributes;
        let before = before.as_ref().and_then(|item| read_text(item, "named").ok()).and_then(Id::parse);
        match before.filter(|before| before != id) {
            Some(before) => self.replace_verification(&before).await,
            None => Ok(()),
        }
    }

    fn put_of_number(&self, hash: &str, sort: &str, expires: Timestamp) -> PutItemFluentBuilder {
        let request = self.client.put_item().table_name(&self.name);
        let request = request.item("pk", text(of_number(hash))).item("sk", text(sort));
        request.item("expires", number(expires.seconds()))
    }

    /// Ends the verifications of a number, known by its hash, and takes out of them whose they are: what their SMS cost stays.
    pub async fn forget_verifications(&self, hash: &str) -> Result<()> {
        let mut listed = BTreeSet::new();
        for item in self.partition(&of_number(hash), Reading::Consistent).await? {
            let sort = read_text(&item, "sk")?;
            if let Some(id) = Id::parse(sort) {
                let request = self
                    .verification_update(&id)
                    .update_expression("SET stands = :replaced REMOVE phone, address, code_hash, link_hash")
                    .condition_expression("attribute_exists(pk)")
                    .expression_attribute_values(":replaced", text(Stands::Replaced.name()));
                held(request.call().await.err(), "forgetting whose a verification is")?;
            }
            listed.insert((of_number(hash), sort.to_owned()));
        }
        self.delete_all(listed).await
    }

    async fn replace_verification(&self, id: &Id) -> Result<()> {
        let request = self
            .verification_update(id)
            .update_expression("SET stands = :replaced")
            .condition_expression("stands IN (:pending, :confirmed)")
            .expression_attribute_values(":replaced", text(Stands::Replaced.name()))
            .expression_attribute_values(":pending", text(Stands::Pending.name()))
            .expression_attribute_values(":confirmed", text(Stands::Confirmed.name()));
        held(request.call().await.err(), "replacing a verification").map(|_| ())
    }

    pub(super) fn verification_update(&self, id: &Id) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.name);
        request.key("pk", text(partition(id))).key("sk", text(SORT))
    }

    /// A verification as it stands.
    pub async fn verification(&self, id: &Id) -> Result<Option<Kept>> {
        let item = self.get(&partition(id), SORT, Reading::Consistent).await?;
        item.as_ref().map(Kept::read).transpose().context("reading a verification")
    }

    /// Verifications by their names; those that are not there are left out.
    pub async fn verifications(&self, ids: impl IntoIterator<Item = Id>) -> Result<BTreeMap<Id, Kept>> {
        let mut keys: Vec<_> = ids.into_iter().map(|id| (partition(&id), SORT.to_owned())).collect();
        keys.sort_unstable();
        keys.dedup();
        let items = self.get_all(keys, Reading::Consistent).await?;
        let read = |item: &Item| Kept::read(item).map(|kept| (kept.verification.id.clone(), kept));
        items.iter().map(read).collect()
    }

    /// Takes a try, before what was typed is looked at: of all who type at once, no more are heard than there are tries.
    /// Returns the hash of the code that was sent; none where nothing can be typed, or nothing was sent.
    pub async fn take_try(&self, id: &Id, now: Timestamp) -> Result<Option<CodeHash>> {
        let request = self
            .verification_update(id)
            .update_expression("SET tries_left = tries_left - :one")
            .condition_expression("stands = :pending AND tries_left >= :one AND valid_until > :now")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":pending", text(Stands::Pending.name()))
            .expression_attribute_values(":now", number(now.seconds()))
            .return_values(ReturnValue::AllNew);
        match request.call().await.map_err(SdkError::into_service_error) {
            Ok(answer) => {
                let item: HashMap<String, AttributeValue> = answer.attributes.unwrap_or_default();
                Ok(read_text(&item, "code_hash").ok().map(CodeHash::kept))
            }
            Err(error) if error.is_conditional_check_failed_exception() => Ok(None),
            Err(error) => Err(error).context("taking a try"),
        }
    }

    /// Approves a verification that stands so and whose time is not over: once. With none it makes the same request, and
    /// approves nothing.
    pub async fn approve(&self, id: &Id, from: Option<Stands>, now: Timestamp) -> Result<bool> {
        self.stand(id, (from, Stands::Used), now).await
    }

    /// Confirms the verification of a link whose button was pressed; `false` when it is not to be confirmed, or was already.
    pub async fn confirm(&self, token: &LinkToken, now: Timestamp) -> Result<bool> {
        if !self.is_open(token, now).await? {
            return Ok(false);
        }
        self.stand(&token.id, (Some(Stands::Pending), Stands::Confirmed), now).await
    }

    /// Whether a link leads to a verification that waits for its button.
    pub async fn is_open(&self, token: &LinkToken, now: Timestamp) -> Result<bool> {
        let Some(item) = self.get(&partition(&token.id), SORT, Reading::Consistent).await? else {
            return Ok(false);
        };
        let sent = read_text(&item, "link_hash").ok().map(LinkHash::kept);
        let pending = read_text(&item, "stands")? == Stands::Pending.name();
        let valid = read_number(&item, "valid_until").is_some_and(|until| until > now.seconds());
        Ok(sent.is_some_and(|sent| sent.is_of(token)) && pending && valid)
    }

    async fn stand(&self, id: &Id, (from, to): (Option<Stands>, Stands), now: Timestamp) -> Result<bool> {
        // By its name an attempt whose answer was lost is known when the client makes it again.
        let request = self
            .verification_update(id)
            .update_expression("SET stands = :to, stood_by = :mine")
            .condition_expression("(stands = :from AND valid_until > :now) OR stood_by = :mine")
            .expression_attribute_values(":mine", text(new_attempt()))
            .expression_attribute_values(":to", text(to.name()))
            .expression_attribute_values(":from", text(from.map_or("nothing", Stands::name)))
            .expression_attribute_values(":now", number(now.seconds()));
        held(request.call().await.err(), "writing how a verification stands")
    }

    /// Claims the SMS of a verification: of all who try, one may call the provider, and only while it counts.
    pub async fn claim_code(&self, id: &Id, claim: &CodeClaim<'_>) -> Result<bool> {
        let mut set = "SET attempt = :mine, claimed_at = :now".to_owned();
        let mut request = self.verification_update(id);
        for (name, value, hash) in [
            ("code_hash", ":code", claim.code.map(CodeHash::as_str)),
            ("link_hash", ":link", claim.link.map(LinkHash::as_str)),
        ] {
            if let Some(hash) = hash {
                set = format!("{set}, {name} = {value}");
                request = request.expression_attribute_values(value, text(hash));
            }
        }
        let request = request
            .update_expression(set)
            .condition_expression(
                "stands = :pending AND valid_until > :now AND (attribute_not_exists(attempt) OR attempt = :mine)",
            )
            .expression_attribute_values(":pending", text(Stands::Pending.name()))
            .expression_attribute_values(":mine", text(claim.attempt))
            .expression_attribute_values(":now", number(claim.at.seconds()));
        held(request.call().await.err(), "claiming a code")
    }

    /// Gives a claim back after the provider proved that it did not take the SMS.
    pub async fn release_code(&self, id: &Id, attempt: &str) -> Result<bool> {
        let request = self
            .verification_update(id)
            .update_expression("REMOVE attempt, claimed_at, code_hash, link_hash")
            .condition_expression("attempt = :mine AND attribute_not_exists(outcome)")
            .expression_attribute_values(":mine", text(attempt));
        held(request.call().await.err(), "releasing a code")
    }

    /// Records what became of an SMS that `attempt` claimed, or that nobody did, and what stays taken for it from which
    /// account. The number is not needed any more, and what left is kept until its receipt can't come. `false` when an
    /// outcome stands already.
    pub async fn record_code(
        &self,
        id: &Id,
        attempt: Option<&str>,
        outcome: &Recorded,
        charged: Option<(&AccountName, &Charge)>,
        now: Timestamp,
    ) -> Result<bool> {
        let mut set = "SET outcome = :outcome".to_owned();
        let mut request = self.verification_update(id);
        request = request.expression_attribute_values(":outcome", text(serde_json::to_string(outcome)?));
        if outcome.status.left() {
            set.push_str(", expires = :expires");
            let expires = now.plus(RECEIPT_SECONDS);
            request = request.expression_attribute_values(":expires", number(expires.seconds()));
        }
        if let Some((account, charge)) = charged {
            let mut values = charge.attributes();
            values.insert(ACCOUNT.to_owned(), text(account.as_str()));
            for (name, value) in values {
                set = format!("{set}, #{name} = :{name}");
                request = request
                    .expression_attribute_names(format!("#{name}"), &name)
                    .expression_attribute_values(format!(":{name}"), value);
            }
        }
        let request = request.update_expression(set + " REMOVE phone");
        let request = match attempt {
            Some(attempt) => request
                .condition_expression("attempt = :mine AND attribute_not_exists(outcome)")
                .expression_attribute_values(":mine", text(attempt)),
            None => request.condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(attempt) AND attribute_not_exists(outcome)",
            ),
        };
        held(request.call().await.err(), "recording what became of a code")
    }

    /// Writes down what a receipt says; `false` when one said so before.
    pub async fn tell_code(&self, id: &Id, status: &Status) -> Result<bool> {
        let request = self
            .verification_update(id)
            .update_expression("SET receipt = :receipt")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(receipt)")
            .expression_attribute_values(":receipt", text(serde_json::to_string(status)?));
        held(request.call().await.err(), "writing a code's receipt")
    }

    /// What a receipt said of a verification's SMS.
    pub async fn code_receipt(&self, id: &Id) -> Result<Option<Status>> {
        let item = self.get(&partition(id), SORT, Reading::Consistent).await?;
        let told = item.as_ref().and_then(|item| read_text(item, "receipt").ok());
        Ok(told.map(serde_json::from_str).transpose()?)
    }
}
