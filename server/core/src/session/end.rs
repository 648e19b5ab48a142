//! How a session ends.

use std::future::poll_fn;

use caffis_link::{Farewell, Link};
use caffis_schema::CloseCode;

/// Why a session ends.
#[derive(Debug)]
pub(super) enum End {
    /// The link is gone.
    Gone,
    /// The peer said goodbye, with this code.
    Left(u16),
    /// This side says goodbye.
    Farewell(CloseCode, &'static str),
}

/// Says why, unless the link is gone or the peer left.
pub(super) async fn say_goodbye(link: &mut dyn Link, end: &End) {
    if let End::Farewell(code, reason) = end {
        let farewell = Farewell::new(code.number(), *reason);
        poll_fn(|cx| link.poll_close(&farewell, cx)).await;
    }
}
