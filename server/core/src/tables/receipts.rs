use std::{sync::Arc, time::Duration};

use super::declare::table;

/// How long the answers to webhooks are kept: longer than anybody sends one again.
pub(crate) const RECEIPT_KEPT: Duration = Duration::from_secs(7 * 86_400);

table! {
    /// What was answered to a webhook, so that the same one gets the same answer.
    pub struct ReceiptRow in "receipts" {
        partition {
            /// Who sent it.
            source: Arc<str>,
            /// Its `webhook-id`.
            id: Arc<str>,
        }
        clustering {}
        values {
            /// Tells it from another event with the same id.
            digest: u64,
            /// The answer, as JSON.
            answer: Arc<str>,
        }
    }
}
