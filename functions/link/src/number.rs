//! The page behind the link of a one-time code: its button confirms that the number is the person's.

use axum::response::{IntoResponse, Response};
use domain::verification::LinkToken;

use crate::{Link, pages};

impl Link {
    /// The page changes nothing: what fetches links ahead confirms nobody's number.
    pub(crate) async fn number_page(&self, token: &str) -> Response {
        let Some(token) = LinkToken::parse(token) else { return self.gone() };
        match self.table.is_open(&token, self.clock.now()).await {
            Ok(true) => pages::number(&self.shop).into_response(),
            Ok(false) => self.gone(),
            Err(error) => self.busy(&error),
        }
    }

    /// Whether it was confirmed is for the shop's own page to show, which asks for it.
    pub(crate) async fn confirm_number(&self, token: &str) -> Response {
        let Some(token) = LinkToken::parse(token) else { return self.gone() };
        match self.table.confirm(&token, self.clock.now()).await {
            Ok(true) => pages::number_confirmed(&self.shop).into_response(),
            Ok(false) => self.gone(),
            Err(error) => self.busy(&error),
        }
    }
}
