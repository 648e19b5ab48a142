//! The response that does not end.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep};

use super::{event::COMMENT, shared::Shared};

/// Asks nginx, and those that follow it, to pass on what comes at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The events of a stream, as a response. Dropped, the client no longer reads.
pub struct Events {
    shared: Arc<Shared>,
    heartbeat: Duration,
    silence: Pin<Box<Sleep>>,
}

impl Events {
    pub(super) fn new(shared: Arc<Shared>, heartbeat: Duration) -> Self {
        Self { shared, heartbeat, silence: Box::pin(sleep(heartbeat)) }
    }
}

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.shared.state();
        let (out, finished) = (std::mem::take(&mut state.out), state.finished);
        if out.is_empty() {
            state.response_waits(cx);
        } else {
            // There is room again, and what was queued is on its way.
            state.wake_link();
        }
        drop(state);
        let beat = Instant::now() + self.heartbeat;
        if !out.is_empty() {
            self.silence.as_mut().reset(beat);
            return Poll::Ready(Some(Ok(out.into())));
        }
        if finished {
            return Poll::Ready(None);
        }
        if self.silence.as_mut().poll(cx).is_ready() {
            self.silence.as_mut().reset(beat);
            return Poll::Ready(Some(Ok(Bytes::from_static(COMMENT))));
        }
        Poll::Pending
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shared.leave_unread();
    }
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
            // Nothing on the way may keep it, nor change it: compression would wait for more.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
            (BUFFERING, HeaderValue::from_static("no")),
        ];
        (headers, Body::from_stream(self)).into_response()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
