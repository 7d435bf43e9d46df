//! The page behind the link of a one-time code: its button confirms that the number is the person's.

use axum::response::{IntoResponse, Response};
use domain::verification::LinkToken;

use crate::{Link, pages};

impl Link {
    /// The page changes nothing: what fetches links ahead confirms nobody's number.
    pub(crate) async fn confirm_page(&self, token: &str) -> Response {
        let Some(token) = LinkToken::parse(token) else { return self.gone() };
        match self.table.is_open(&token, self.clock.now()).await {
            Ok(true) => pages::confirm(&self.sender_name).into_response(),
            Ok(false) => self.gone(),
            Err(error) => self.busy(&error),
        }
    }

    /// Whether it was confirmed is for the shop's own page to show, which asks for it.
    pub(crate) async fn confirm(&self, token: &str) -> Response {
        let Some(token) = LinkToken::parse(token) else { return self.gone() };
        match self.table.confirm(&token, self.clock.now()).await {
            Ok(true) => pages::confirmed(&self.sender_name).into_response(),
            Ok(false) => self.gone(),
            Err(error) => self.busy(&error),
        }
    }
}
