//! A mail server of the shop's, by SMTP submission (RFC 5321, 6409).
//!
//! The account has the settings `host`, `port` and `tls`: `starttls` (port 587, unless another is named), `wrapper` (465), or
//! `none` (25) to a server on this machine; where the server's certificate is not from a public authority, `ca` is that of
//! its own as PEM. The secrets `user` and `password` are the login, where the server asks for one.
//!
//! Each message has a connection of its own, so that what is known of one never hangs on another. Up to the line with the
//! dot alone that ends a message the server has not taken it (RFC 5321, 4.1.1.4 and 4.1.1.10); from then on, a lost
//! connection leaves its fate unknown, and there is no way to ask.
//!
//! There are no receipts by SMTP: bounces come as mail to the sender's address, and a message stays accepted. Our code stands
//! in its Message-ID and in `X-Tsunagi-Code`, both of which a bounce repeats.

mod reply;

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use self::reply::{Stage, sort};
use crate::account::{Account, AccountError};
use crate::answer::{Accepted, CANNOT_BE_ASKED, LookUp, SendError};
use crate::email::EmailRequest;
use crate::mime::{Letter, domain_of, letter, sender};

/// The name by which configuration calls SMTP.
pub const NAME: &str = "smtp";
/// Whether a repeated message is one message.
pub(crate) const REPEATABLE: bool = false;

/// How long a connection may take to be ready for a message: greeting, encryption and login included.
const OPEN_TIMEOUT: Duration = Duration::from_secs(8);
/// How long it may take to hand over a message; with the above, less than the function may take for all.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(12);
/// How long we wait to part politely, when all is decided.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

const HOST: &str = "the name of the mail server";
const PORT: &str = "a port from 1 to 65535";
const TLS: &str = "`starttls` or `wrapper`; `none` is for a server on 127.0.0.1 or localhost";
const CA: &str = "certificates as PEM";
const USER: &str = "the user of `password`";
const PASSWORD: &str = "the password of `user`";

/// An account at a mail server.
#[derive(Clone)]
pub struct Smtp {
    host: String,
    port: u16,
    security: Security,
    login: Option<Credentials>,
    /// The domain by which we introduce ourselves when there is no message.
    domain: Option<String>,
}

#[derive(Clone)]
enum Security {
    None,
    StartTls(TlsParameters),
    Wrapper(TlsParameters),
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Smtp {
    pub(crate) fn new(account: &Account) -> Result<Self, AccountError> {
        let host = account.setting("host", HOST)?.to_owned();
        let setting = |name: &str| account.settings.get(name).map(|value| value.trim());
        let tls = |place: &str| {
            let mut tls = TlsParameters::builder(host.clone());
            if let Some(pem) = setting("ca") {
                let wrong = || account.error("settings.ca", &format!("is wrong: {CA}"));
                // Text without a certificate in it reads as none.
                let ca = Some(pem).filter(|pem| pem.contains("BEGIN CERTIFICATE")).ok_or_else(wrong)?;
                tls = tls.add_root_certificate(Certificate::from_pem(ca.as_bytes()).map_err(|_| wrong())?);
            }
            tls.build().map_err(|_| account.error(place, "is wrong: the name of a server with a certificate"))
        };
        let (security, usual_port) = match setting("tls").unwrap_or("starttls") {
            "starttls" => (Security::StartTls(tls("settings.host")?), 587),
            "wrapper" => (Security::Wrapper(tls("settings.host")?), 465),
            "none" if is_here(&host) => (Security::None, 25),
            _ => return Err(account.error("settings.tls", &format!("is wrong: {TLS}"))),
        };
        let port = match setting("port") {
            None => usual_port,
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| account.error("settings.port", &format!("is wrong: {PORT}")))?,
        };
        let login = if ["user", "password"].iter().any(|name| account.secrets.contains_key(*name)) {
            let user = account.secret("user", USER)?.to_owned();
            Some(Credentials::new(user, account.secret("password", PASSWORD)?.to_owned()))
        } else {
            None
        };
        let from = setting("from").and_then(sender).map(|(_, address)| domain_of(&address).to_owned());
        Ok(Self { host, port, security, login, domain: from })
    }

    /// Sends one e-mail.
    pub(crate) async fn send(&self, request: &EmailRequest<'_>) -> Result<Accepted, SendError> {
        let letter = letter(request)?;
        let mut connection = self.open(Some(domain_of(&letter.from))).await?;
        let ended = AtomicBool::new(false);
        let submitted = timeout(SUBMIT_TIMEOUT, submit(&mut connection, &letter, &ended)).await;
        match submitted {
            Ok(taken) => taken?,
            Err(_) if ended.load(Ordering::Relaxed) => {
                return Err(SendError::Unknown { reason: "time-out after the end of the message" });
            }
            Err(_) => return Err(SendError::Temporary { reason: "time-out before the end of the message" }),
        }
        part(&mut connection).await;
        Ok(Accepted { provider_id: letter.message_id, parts: 1, price: None })
    }

    /// A mail server cannot be asked.
    #[expect(clippy::unused_async, reason = "as with the providers that can be asked")]
    pub(crate) async fn look_up(&self, _reference: &str) -> Result<LookUp, SendError> {
        Err(CANNOT_BE_ASKED)
    }

    /// Logs in and parts again.
    pub(crate) async fn check(&self) -> Result<String, SendError> {
        let mut connection = self.open(self.domain.as_deref()).await?;
        let lost = SendError::Temporary { reason: "connection lost" };
        let noop = timeout(SUBMIT_TIMEOUT, connection.command(Noop)).await.map_err(|_| lost)?;
        noop.map_err(|error| sort(&error, Stage::Login))?;
        part(&mut connection).await;
        let login = if self.login.is_some() { "takes the login" } else { "asks for no login" };
        Ok(format!("the server {login}; what becomes of messages comes as mail to their sender"))
    }

    /// A connection that is ready for a message. Whatever fails on the way, nothing was sent.
    async fn open(&self, domain: Option<&str>) -> Result<AsyncSmtpConnection, SendError> {
        let hello = domain.map_or_else(ClientId::default, |domain| ClientId::Domain(domain.to_owned()));
        match timeout(OPEN_TIMEOUT, self.connect(&hello)).await {
            Ok(connection) => connection,
            Err(_) => Err(SendError::Temporary { reason: "no connection" }),
        }
    }

    async fn connect(&self, hello: &ClientId) -> Result<AsyncSmtpConnection, SendError> {
        let server = (self.host.as_str(), self.port);
        let (wrapper, upgrade) = match &self.security {
            Security::None => (None, None),
            Security::StartTls(tls) => (None, Some(tls)),
            Security::Wrapper(tls) => (Some(tls.clone()), None),
        };
        let opening = |error| sort(&error, Stage::Opening);
        let connection = AsyncSmtpConnection::connect_tokio1(server, None, hello, wrapper, None).await;
        let mut connection = connection.map_err(opening)?;
        if let Some(tls) = upgrade {
            connection.starttls(tls.clone(), hello).await.map_err(opening)?;
        }
        if let Some(login) = &self.login {
            let taken = connection.auth(DEFAULT_MECHANISMS, login).await;
            taken.map_err(|error| sort(&error, Stage::Login))?;
        }
        Ok(connection)
    }
}

/// Hands over a message. `ended` tells whether the line that ends it may have left.
async fn submit(
    connection: &mut AsyncSmtpConnection,
    letter: &Letter,
    ended: &AtomicBool,
) -> Result<(), SendError> {
    let (from, to) = (envelope(&letter.from), envelope(&letter.to));
    let from = from.ok_or_else(|| SendError::Configuration { reason: "the sender's address".to_owned() })?;
    let to = to.ok_or_else(|| SendError::Permanent { code: "address_cannot_be_written".to_owned() })?;
    let stage = |stage| move |error| sort(&error, stage);
    connection.command(Mail::new(Some(from), Vec::new())).await.map_err(stage(Stage::Sender))?;
    connection.command(Rcpt::new(to, Vec::new())).await.map_err(stage(Stage::Receiver))?;
    connection.command(Data).await.map_err(stage(Stage::Data))?;
    // The end is asked for when all before it was written, and written after that.
    let end = std::iter::from_fn(|| {
        ended.store(true, Ordering::Relaxed);
        None
    });
    let message = std::iter::once(letter.bytes.as_slice()).chain(end);
    let taken = connection.message_iter(message).await;
    taken.map(|_| ()).map_err(|error| sort(&error, Stage::Message { ended: ended.load(Ordering::Relaxed) }))
}

fn envelope(address: &str) -> Option<Address> {
    let (user, domain) = address.rsplit_once('@')?;
    Address::new(user, domain).ok()
}

async fn part(connection: &mut AsyncSmtpConnection) {
    // Whether it is answered makes no difference any more.
    let _ = timeout(QUIT_TIMEOUT, connection.quit()).await;
}

/// Whether a server is on this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
