//! The real client against a server on loopback that goes wrong at each step.

#[path = "../../../../tests/src/mail_server.rs"]
mod mail_server;

use std::sync::Arc;

use domain::time::Timestamp;
use mail_parser::MessageParser;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use self::mail_server::{CLOSE, MailServer, SILENCE};
use super::*;
use crate::fake::account;

const REQUEST: EmailRequest<'static> = EmailRequest {
    reference: "k3Jd02aB9xYz",
    to: "a..hana@docomo.ne.jp",
    from: "つなぎ商店 <shop@example.jp>",
    subject: "春の新作のご案内",
    text: "plain\n.\n..hidden\nend\n",
    html: Some("<p>花子様</p>"),
    headers: &[],
    at: Timestamp::from_seconds(1_772_413_200),
};

const LOGIN: [(&str, &str); 2] = [("user", "shop"), ("password", "secret-1")];

/// What the client says to log in as above: RFC 4616.
const AUTH: &str = "AUTH PLAIN AHNob3AAc2VjcmV0LTE=";

fn plain(port: u16, secrets: &[(&str, &str)]) -> Smtp {
    let port = port.to_string();
    let settings = [("host", "127.0.0.1"), ("port", port.as_str()), ("tls", "none")];
    Smtp::new(&account("", &settings, secrets)).unwrap()
}

async fn sent_to(answers: &[(&str, &str)]) -> (Result<Accepted, SendError>, MailServer) {
    let server = MailServer::new(answers);
    let smtp = plain(server.listen().await.unwrap(), &LOGIN);
    (smtp.send(&REQUEST).await, server)
}

#[tokio::test]
async fn an_email_is_handed_over_whole() {
    let (accepted, server) = sent_to(&[]).await;
    let id = "<k3Jd02aB9xYz@example.jp>".to_owned();
    assert_eq!(accepted, Ok(Accepted { provider_id: id, parts: 1, price: None }));
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(
        (taken[0].from.as_str(), taken[0].to.as_str()),
        ("<shop@example.jp>", "<\"a..hana\"@docomo.ne.jp>")
    );
    let message = MessageParser::default().parse(taken[0].message.as_bytes()).unwrap();
    assert_eq!(message.subject(), Some(REQUEST.subject));
    assert_eq!(message.message_id(), Some("k3Jd02aB9xYz@example.jp"));
    assert!(taken[0].message.contains("\r\nX-Tsunagi-Code: k3Jd02aB9xYz\r\n"));
    assert_eq!(message.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), REQUEST.text.trim_end());
    let said = server.said();
    assert_eq!(said[..2], ["EHLO example.jp", AUTH]);
    assert_eq!(said.last().unwrap(), "QUIT");
}

#[tokio::test]
async fn each_refusal_has_its_class() {
    let temporary = || SendError::Temporary { reason: "the mail server asks to try again later" };
    let permanent = |code: &str| SendError::Permanent { code: code.to_owned() };
    let configuration = |reason: &str| SendError::Configuration { reason: reason.to_owned() };
    let cases = [
        ("greeting", "421 busy", temporary()),
        ("greeting", "554 5.7.1 no", configuration("the connection is refused: 554-5.7.1")),
        ("AUTH", "454 4.7.0 later", temporary()),
        ("AUTH", "535 5.7.8 no", configuration("the login is refused: 535-5.7.8")),
        ("MAIL", "451 4.3.0 later", temporary()),
        ("MAIL", "553 5.1.8 no such sender", configuration("the sender is refused: 553-5.1.8")),
        (
            "MAIL",
            "530 5.7.0 Must issue a STARTTLS command first",
            configuration("the login is refused: 530-5.7.0"),
        ),
        ("MAIL", "552 5.3.4 too large", permanent("552-5.3.4")),
        ("RCPT", "450 4.2.1 greylisted", temporary()),
        ("RCPT", "452-4.2.2 full\r\n452 4.2.2 a..hana@docomo.ne.jp", temporary()),
        ("RCPT", "550 5.1.1 <a..hana@docomo.ne.jp>: no such user", permanent("550-5.1.1")),
        ("RCPT", "550 a..hana@docomo.ne.jp 09012345678", permanent("550")),
        (
            "RCPT",
            "554 5.7.1 <a@docomo.ne.jp>: Relay access denied",
            configuration("the login is refused: 554-5.7.1"),
        ),
        ("DATA", "421 4.3.2 closing", temporary()),
        ("DATA", "554 5.5.1 no valid recipients", permanent("554-5.5.1")),
        ("message", "451 4.7.1 later", temporary()),
        ("message", "552 5.2.2 full", permanent("552-5.2.2")),
        ("message", "554 5.6.0 spam", permanent("554-5.6.0")),
    ];
    for (said, answer, expected) in cases {
        let (result, server) = sent_to(&[(said, answer)]).await;
        assert_eq!(result, Err(expected), "{said}: {answer}");
        assert!(server.taken().is_empty(), "{said}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_before_the_end_took_nothing() {
    let opening = SendError::Temporary { reason: "no connection" };
    let later = SendError::Temporary { reason: "connection lost before the end of the message" };
    let cases = [
        ("greeting", &opening),
        ("EHLO", &opening),
        ("AUTH", &later),
        ("MAIL", &later),
        ("RCPT", &later),
        ("DATA", &later),
    ];
    for (said, expected) in cases {
        let (result, server) = sent_to(&[(said, CLOSE)]).await;
        assert_eq!(result.as_ref(), Err(expected), "{said}");
        assert!(server.taken().is_empty());
    }
    // Nobody is there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(plain(port, &LOGIN).send(&REQUEST).await, Err(opening));
}

/// The server goes while more is being written than the system takes over for it.
#[tokio::test]
async fn a_connection_that_is_lost_within_the_message_took_nothing() {
    let server = MailServer::new(&[("body", CLOSE)]);
    let smtp = plain(server.listen().await.unwrap(), &LOGIN);
    let text = "a line of a very long message\n".repeat(1_000_000);
    let result = smtp.send(&EmailRequest { text: &text, ..REQUEST }).await;
    assert_eq!(result, Err(SendError::Temporary { reason: "connection lost before the end of the message" }));
}

#[tokio::test]
async fn after_the_end_of_the_message_silence_proves_nothing() {
    let (lost, _) = sent_to(&[("message", CLOSE)]).await;
    assert_eq!(lost, Err(SendError::Unknown { reason: "connection lost" }));
    let (garbled, _) = sent_to(&[("message", "what?")]).await;
    assert_eq!(garbled, Err(SendError::Unknown { reason: "connection lost" }));
    let asked = plain(1, &LOGIN).look_up("k3Jd02aB9xYz").await;
    assert_eq!(asked, Err(SendError::Unknown { reason: "the provider cannot be asked" }));
}

/// Five servers are silent at the same time, each at a step of its own.
#[tokio::test]
async fn a_silent_server_is_left_in_time() {
    let silent = |said: &'static str| async move { sent_to(&[(said, SILENCE)]).await.0 };
    let begun = std::time::Instant::now();
    let (greeting, login, sender, data, message) =
        tokio::join!(silent("greeting"), silent("AUTH"), silent("MAIL"), silent("DATA"), silent("message"));
    let opening = Err(SendError::Temporary { reason: "no connection" });
    let before = Err(SendError::Temporary { reason: "time-out before the end of the message" });
    assert_eq!((greeting, login), (opening.clone(), opening));
    assert_eq!((sender, data), (before.clone(), before));
    assert_eq!(message, Err(SendError::Unknown { reason: "time-out after the end of the message" }));
    assert!(begun.elapsed() < OPEN_TIMEOUT + SUBMIT_TIMEOUT);
}

#[tokio::test]
async fn a_check_logs_in_and_sends_nothing() {
    let right = MailServer::new(&[(AUTH, "235 2.7.0 welcome"), ("AUTH", "535 5.7.8 no")]);
    let port = right.listen().await.unwrap();
    let told = "the server takes the login; what becomes of messages comes as mail to their sender";
    assert_eq!(plain(port, &LOGIN).check().await.as_deref(), Ok(told));
    assert_eq!(right.said()[1..], [AUTH, "NOOP", "QUIT"]);
    let wrong = plain(port, &[("user", "shop"), ("password", "secret-2")]).check().await;
    assert_eq!(wrong, Err(SendError::Configuration { reason: "the login is refused: 535-5.7.8".to_owned() }));
    assert!(
        plain(port, &[]).check().await.is_ok_and(|told| told.starts_with("the server asks for no login"))
    );
    assert!(right.taken().is_empty());
    let none = MailServer::new(&[("EHLO", "250 mail.example.jp")]);
    let no_login = plain(none.listen().await.unwrap(), &LOGIN).check().await;
    assert!(matches!(no_login, Err(SendError::Configuration { .. })), "{no_login:?}");
}

/// A server with a certificate of its own that answers so; `wrapped`, it speaks nothing but TLS. Where a conversation ends
/// before its time, `garbage` comes where encrypted bytes should.
async fn encrypted(
    wrapped: bool,
    answers: &[(&str, &str)],
    garbage: &'static [u8],
) -> (u16, String, MailServer) {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let pem = own.cert.pem();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = MailServer::new(answers);
    let kept = server.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (server, acceptor) = (kept.clone(), acceptor.clone());
            tokio::spawn(async move {
                let stream = if wrapped { Some(stream) } else { server.converse(stream, true).await? };
                let Some(stream) = stream else { return Ok(()) };
                let mut stream = acceptor.accept(stream).await?;
                server.converse(&mut stream, wrapped).await?;
                stream.get_mut().0.write_all(garbage).await
            });
        }
    });
    (port, pem, server)
}

#[tokio::test]
async fn encryption_is_asked_for_and_the_certificate_is_looked_at() {
    for (tls, wrapped) in [("starttls", false), ("wrapper", true)] {
        let (port, pem, server) = encrypted(wrapped, &[], b"").await;
        let port = port.to_string();
        let at = |ca: &[(&str, &str)]| {
            let settings = [("host", "localhost"), ("port", port.as_str()), ("tls", tls)];
            let settings: Vec<(&str, &str)> = settings.into_iter().chain(ca.iter().copied()).collect();
            Smtp::new(&account("", &settings, &LOGIN)).unwrap()
        };
        let strange = at(&[]).send(&REQUEST).await;
        let refused =
            SendError::Configuration { reason: "no encryption with the server is possible".to_owned() };
        assert_eq!(strange, Err(refused), "{tls}");
        assert!(!server.said().iter().any(|line| line.starts_with("AUTH")), "no password leaves before that");
        assert!(at(&[("ca", &pem)]).send(&REQUEST).await.is_ok(), "{tls}");
        assert_eq!(server.taken().len(), 1);
        let said = server.said();
        let place = |what: &str| said.iter().rposition(|line| line.starts_with(what));
        assert!(wrapped || place("STARTTLS") < place("AUTH"));
    }
    // A server that offers none is told nothing.
    let server = MailServer::new(&[("EHLO", "250-mail.example.jp\r\n250 AUTH PLAIN")]);
    let port = server.listen().await.unwrap().to_string();
    let settings = [("host", "localhost"), ("port", port.as_str())];
    let result = Smtp::new(&account("", &settings, &LOGIN)).unwrap().send(&REQUEST).await;
    let refused = SendError::Configuration { reason: "the server offers no STARTTLS".to_owned() };
    assert_eq!(result, Err(refused));
    assert!(!server.said().iter().any(|line| line.starts_with("AUTH")));
}

/// The message is there, and the encryption breaks before the server's word for it: cut off without a farewell, or followed by
/// what is no TLS.
#[tokio::test]
async fn encryption_that_breaks_after_the_end_of_the_message_proves_nothing() {
    for (tls, wrapped) in [("starttls", false), ("wrapper", true)] {
        for garbage in [b"".as_slice(), b"250 2.0.0 queued as 4XyZ\r\n"] {
            let (port, pem, server) = encrypted(wrapped, &[("message", CLOSE)], garbage).await;
            let port = port.to_string();
            let settings =
                [("host", "localhost"), ("port", port.as_str()), ("tls", tls), ("ca", pem.as_str())];
            let smtp = Smtp::new(&account("", &settings, &LOGIN)).unwrap();
            let unknown = SendError::Unknown { reason: "connection lost" };
            assert_eq!(smtp.send(&REQUEST).await, Err(unknown), "{tls}");
            let messages = server.said().iter().filter(|line| line.as_str() == "DATA").count();
            assert_eq!(messages, 1, "{tls}: it was sent again");
        }
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let error = |settings: &[(&str, &str)], secrets: &[(&str, &str)]| {
        Smtp::new(&account("", settings, secrets)).err().unwrap().to_string()
    };
    let host = ("host", "smtp.example.jp");
    assert!(error(&[], &LOGIN).contains("settings.host: is not set"));
    assert!(error(&[host, ("tls", "none")], &LOGIN).contains("settings.tls: is wrong"));
    assert!(error(&[host, ("tls", "ssl")], &LOGIN).contains("settings.tls: is wrong"));
    assert!(error(&[host, ("port", "0")], &LOGIN).contains("settings.port: is wrong"));
    assert!(error(&[host, ("ca", "x")], &LOGIN).contains("settings.ca: is wrong"));
    assert!(error(&[host], &LOGIN[..1]).contains("secrets.password: is not set"));
    let usual =
        |tls: &str| Smtp::new(&account("", &[("host", "localhost"), ("tls", tls)], &[])).unwrap().port;
    assert_eq!([usual("starttls"), usual("wrapper"), usual("none")], [587, 465, 25]);
}
