//! `tsunagi providers`.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use cloud::config::Vars;
use domain::contact::Channel;
use domain::routes::serves;
use domain::spelling::counted;
use providers::account::{Account, Secrets};
use providers::email::EmailProvider;
use providers::push::LineProvider;
use providers::sms::SmsProvider;

use super::text::say;
use super::{Data, place, spending};
use crate::definitions;

/// The accounts at providers.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ProvidersArgs {
    #[command(subcommand)]
    command: Option<Command>,
    /// A JSON array.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Asks each account of the definition `providers` for something harmless that shows whether it works. Nothing is sent.
    ///
    /// Secrets are read from the environment variable `PROVIDER_SECRETS`, as JSON by the names of accounts:
    /// {"main": {"token": "…", "callback": "…"}}; where it is not set, from `providers` in the installation's secrets.json.
    Check {
        #[command(flatten)]
        data: Data,
    },
}

impl ProvidersArgs {
    pub(super) async fn run(self) -> Result<()> {
        let Some(Command::Check { data }) = self.command else {
            return spending::list(&self.data, self.json).await;
        };
        let reader = place::reader(&data.data)?;
        let definitions = definitions::current(&reader.table).await?;
        let defined = definitions.providers.context(
            "no accounts are defined: everything goes to the sandbox; apply a file with `providers:` to send through your own",
        )?;
        let kept = serde_json::to_string(&place::secrets(&data.data)?.providers)?;
        let vars = Vars::new(move |name| {
            let from_file = (name == "PROVIDER_SECRETS").then(|| kept.clone());
            std::env::var(name).ok().or(from_file)
        });
        let secrets = Secrets::from_vars(&vars)?;
        let mut wrong = 0;
        for (name, source) in &defined.accounts {
            let account = Account::of(name, source, &secrets, &vars);
            let told = asked(&source.provider, &account, &vars).await;
            wrong += u64::from(told.is_err());
            let (mark, told) = told.map_or_else(|error| ("NOT RIGHT", error), |told| ("ok", told));
            say(&format!("{name} ({}): {mark}: {told}", source.provider));
        }
        if wrong > 0 {
            bail!("{} not right", counted(wrong, "account"));
        }
        Ok(())
    }
}

/// What an account says of itself. One that takes messages of several channels is the same for each.
async fn asked(provider: &str, account: &Account, vars: &Vars) -> Result<String, String> {
    let told = if serves(Channel::Sms).contains(&provider) {
        SmsProvider::open(provider, account, vars).map_err(|error| error.to_string())?.check().await
    } else if serves(Channel::Line).contains(&provider) {
        LineProvider::open(provider, account, vars).map_err(|error| error.to_string())?.check().await
    } else {
        EmailProvider::open(provider, account, vars).map_err(|error| error.to_string())?.check().await
    };
    told.map_err(|error| error.to_string())
}
