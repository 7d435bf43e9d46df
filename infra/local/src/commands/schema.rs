//! `tsunagi schema`.

use anyhow::Result;

use super::text::say;

#[cfg(test)]
mod tests;

/// The name of the schema's file beside definitions.
pub const FILE: &str = "tsunagi.schema.json";

/// The JSON Schema of definitions as a text.
pub fn text() -> Result<String> {
    Ok(serde_json::to_string_pretty(&domain::schema::schema())? + "\n")
}

/// Prints the JSON Schema of definitions.
pub fn run() -> Result<()> {
    say(text()?.trim_end());
    Ok(())
}
