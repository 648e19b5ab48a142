//! The `async` forms of the poll methods.

use std::future::poll_fn;

use bytes::Bytes;

use crate::link::{Farewell, Incoming, Lane, Link, SendError};

/// `async` forms of [`Link`]'s methods. Each is cancel-safe as far as said.
pub trait LinkExt: Link {
    /// The next thing from the peer. Cancel-safe.
    fn recv(&mut self) -> impl Future<Output = Incoming> + Send
    where
        Self: Sized,
    {
        poll_fn(move |cx| self.poll_recv(cx))
    }

    /// Waits for room, queues one frame and writes all that is queued. If it is dropped early, the
    /// frame may or may not have been queued.
    ///
    /// # Errors
    /// [`SendError::TooLarge`] and [`SendError::Closed`].
    fn send(
        &mut self,
        lane: Lane,
        payload: Bytes,
    ) -> impl Future<Output = Result<(), SendError>> + Send
    where
        Self: Sized,
    {
        async move {
            poll_fn(|cx| self.poll_ready(lane, cx)).await?;
            self.start_send(lane, payload)?;
            poll_fn(|cx| self.poll_flush(cx)).await
        }
    }

    /// Writes all that is queued. Cancel-safe.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    fn flush(&mut self) -> impl Future<Output = Result<(), SendError>> + Send
    where
        Self: Sized,
    {
        poll_fn(move |cx| self.poll_flush(cx))
    }

    /// Says goodbye and closes. Takes at most a second.
    fn close(&mut self, farewell: Farewell) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        async move { poll_fn(|cx| self.poll_close(&farewell, cx)).await }
    }
}

impl<L: Link> LinkExt for L {}
