//! The search index, as the command line shows it.

use std::fmt;

use caffis_core::{Core, ports::store::StoreError, search::Rebuilding};
use caffis_schema::{Timestamp, hooks::values::Moment};
use serde::{Deserialize, Serialize};

/// How far a rebuild of the search index is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchStatus {
    /// Its number; 0 if none was ever ordered.
    pub rebuild: u64,
    /// When it was ordered.
    pub ordered: Timestamp,
    /// Rooms that are done.
    pub done: u64,
    /// Rooms that are left.
    pub left: u64,
}

/// Orders a rebuild.
///
/// # Errors
/// The store's.
pub(super) async fn rebuild(core: &Core) -> Result<SearchStatus, StoreError> {
    let rebuild = core.rebuild_search().await?;
    tracing::info!(rebuild, "the search index is made again");
    status(core).await
}

/// How far the last one is.
///
/// # Errors
/// The store's.
pub(super) async fn status(core: &Core) -> Result<SearchStatus, StoreError> {
    let Rebuilding { rebuild, ordered, done, left } = core.search_rebuilding().await?;
    Ok(SearchStatus { rebuild, ordered, done, left })
}

impl fmt::Display for SearchStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rebuild, ordered, done, left } = self;
        if *rebuild == 0 {
            writeln!(f, "no rebuild was ordered")?;
        } else {
            // As in JSON, without the quotes.
            let time = serde_json::to_string(&Moment(*ordered)).unwrap_or_default();
            writeln!(f, "rebuild {rebuild}, ordered {}", time.trim_matches('"'))?;
        }
        writeln!(f, "{done} rooms indexed, {left} left")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_how_far_it_is() {
        let ordered = Timestamp(1_764_158_400_000);
        let status = SearchStatus { rebuild: 2, ordered, done: 7, left: 3 };
        let text = "rebuild 2, ordered 2025-11-26T12:00:00Z\n7 rooms indexed, 3 left\n";
        assert_eq!(status.to_string(), text);
        let none = SearchStatus { rebuild: 0, ordered: Timestamp(0), done: 7, left: 0 };
        assert_eq!(none.to_string(), "no rebuild was ordered\n7 rooms indexed, 0 left\n");
    }
}
