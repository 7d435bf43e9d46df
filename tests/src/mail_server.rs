//! A mail server on loopback: it answers as it is told, and keeps what it took.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// The answer that is none: the connection is closed.
pub const CLOSE: &str = "close";

/// The answer that never comes.
pub const SILENCE: &str = "silence";

/// A message that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The sender, as the client named it: `<shop@example.jp>`.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// The message.
    pub message: String,
}

/// The server.
#[derive(Clone, Debug, Default)]
pub struct MailServer {
    answers: Arc<Vec<(String, String)>>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    taken: Vec<Taken>,
    said: Vec<String>,
}

impl MailServer {
    /// One that takes what comes, but for `answers`: the beginning of what a client says, and what it is told then. Beside
    /// a client's commands there are `greeting`, before it says anything, `body`, before it sends a message, and `message`,
    /// at its end. The first that fits is told.
    pub fn new(answers: &[(&str, &str)]) -> Self {
        let owned = |(said, answer): &(&str, &str)| ((*said).to_owned(), (*answer).to_owned());
        Self { answers: Arc::new(answers.iter().map(owned).collect()), kept: Arc::default() }
    }

    /// Listens on a free port, which is returned; it ends with the runtime of the test.
    pub async fn listen(&self) -> std::io::Result<u16> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.converse(stream, true).await });
            }
        });
        Ok(port)
    }

    /// What it took, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.kept().taken.clone()
    }

    /// What clients said, line by line, without their messages.
    pub fn said(&self) -> Vec<String> {
        self.kept().said.clone()
    }

    /// Talks with a client until it goes, or until it asks for encryption: then the connection is given back.
    pub async fn converse<S>(&self, stream: S, greets: bool) -> std::io::Result<Option<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut stream = BufReader::new(stream);
        if greets && !self.answer(&mut stream, "greeting", "220 mail.example.jp ESMTP").await? {
            return Ok(None);
        }
        let mut letter = Taken::default();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            let line = line.trim_end();
            self.kept().said.push(line.to_owned());
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((line, ""));
            let usual = match verb {
                "EHLO" => "250-mail.example.jp\r\n250-AUTH PLAIN LOGIN\r\n250-STARTTLS\r\n250 8BITMIME",
                "AUTH" => "235 2.7.0 welcome",
                "MAIL" | "RCPT" | "NOOP" => "250 2.1.0 ok",
                "DATA" => "354 go on",
                "STARTTLS" => "220 go on",
                "QUIT" => "221 bye",
                _ => "502 5.5.1 what?",
            };
            let address = rest.split_once(':').map_or(rest, |(_, address)| address);
            match verb {
                "MAIL" => address.split(' ').next().unwrap_or_default().clone_into(&mut letter.from),
                "RCPT" => address.clone_into(&mut letter.to),
                _ => {}
            }
            if !self.answer(&mut stream, line, usual).await? {
                return Ok(None);
            }
            match verb {
                "STARTTLS" => return Ok(Some(stream.into_inner())),
                "QUIT" => return Ok(None),
                "DATA" if self.told(line).is_none() => {
                    if self.told("body").is_some() {
                        return Ok(None);
                    }
                    letter.message = message(&mut stream).await?;
                    let letter = std::mem::take(&mut letter);
                    if self.told("message").is_none_or(|answer| answer.starts_with('2')) {
                        self.kept().taken.push(letter);
                    }
                    if !self.answer(&mut stream, "message", "250 2.0.0 queued as 4XyZ").await? {
                        return Ok(None);
                    }
                }
                _ => {}
            }
        }
    }

    fn told(&self, said: &str) -> Option<&str> {
        let fits = self.answers.iter().find(|(beginning, _)| said.starts_with(beginning.as_str()));
        fits.map(|(_, answer)| answer.as_str())
    }

    /// Answers; whether the conversation goes on.
    async fn answer<S: AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        said: &str,
        usual: &str,
    ) -> std::io::Result<bool> {
        let answer = self.told(said).unwrap_or(usual);
        if answer == CLOSE {
            return Ok(false);
        }
        if answer == SILENCE {
            std::future::pending::<()>().await;
        }
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        stream.flush().await?;
        Ok(true)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a message to the line with the dot alone, and takes away the dots that were put before others.
async fn message<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(message);
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
