//! One-time codes, as a shop's server asks for them and a person types them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::shop::Shop;

/// How long a call may take, however busy the machine that runs the tests is.
const PATIENCE: Duration = Duration::from_mins(2);

/// An answer of the API, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// The body, read.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("{} is no JSON", self.body))
    }
}

/// Posts a call with the write key.
pub async fn post(shop: &Shop, path: &str, body: &Value) -> Result<Answer> {
    let request = shop.http.post(format!("{}{path}", shop.stack.base_url));
    let request = request.basic_auth(&shop.secrets.write_key, Some("")).json(body);
    let answer = request.timeout(PATIENCE).send().await?;
    Ok(Answer { status: answer.status(), body: answer.text().await? })
}

/// Asks for a code; what the verification is called.
pub async fn ask(shop: &Shop, body: &Value) -> Result<String> {
    let answer = post(shop, "/v1/verifications", body).await?;
    ensure!(answer.status == StatusCode::ACCEPTED, "{answer:?}");
    Ok(answer.json()?["id"].as_str().context("an id")?.to_owned())
}

/// Whether what is typed is approved.
pub async fn check(shop: &Shop, id: &str, code: Option<&str>) -> Result<bool> {
    let answer = post(shop, "/v1/verifications/check", &json!({ "id": id, "code": code })).await?;
    ensure!(answer.status == StatusCode::OK, "{answer:?}");
    match answer.json()?["status"].as_str() {
        Some("approved") => Ok(true),
        Some("refused") => Ok(false),
        other => anyhow::bail!("{other:?}"),
    }
}

/// The texts that the provider accepted for a verification.
pub fn texts(shop: &Shop, id: &str) -> Result<Vec<String>> {
    let accepted = shop.accepted()?.into_iter().filter(|entry| entry.reference == id);
    accepted.map(|entry| entry.text.context("texts are kept")).collect()
}

/// The code that the SMS of a verification says.
pub fn code(shop: &Shop, id: &str) -> Result<String> {
    let texts = texts(shop, id)?;
    let [text] = texts.as_slice() else { anyhow::bail!("{} texts", texts.len()) };
    let digits = |run: &&str| run.len() == 6;
    let code = text.split(|c: char| !c.is_ascii_digit()).find(digits).with_context(|| text.clone())?;
    Ok(code.to_owned())
}

/// A code that is not this one.
pub fn another(code: &str) -> String {
    let other = if code == "000000" { "000001" } else { "000000" };
    other.to_owned()
}
