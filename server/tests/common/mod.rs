//! A real server in a folder of its own, and people who talk to it. Stopped by Drop; the log is
//! printed when a test fails.

mod person;
mod scrape;
mod server;

pub(crate) use person::{Over, Person, fresh_key, hello, said, token_of};
pub(crate) use scrape::Scrape;
pub(crate) use server::{Finished, Server, Setup, http, read, run, with_json};

/// How long anything in a test may take.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// Waits for something, at most [`PATIENCE`].
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen within {PATIENCE:?}"),
    }
}
