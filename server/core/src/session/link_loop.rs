//! The loop that owns a link.

use std::{
    collections::VecDeque,
    future::poll_fn,
    net::IpAddr,
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use bytes::Bytes;
use caffis_link::{Incoming, Lane, Link};
use caffis_schema::{
    ClientFrame, ClientSignal, CloseCode, Codec, Command, Error, ErrorCode, Event, Reply, Request,
    command::Refresh, event::TokenExpiring, reply::Refreshed,
};
use futures_util::{FutureExt, Stream, stream::FuturesUnordered};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    asked::Asked,
    end::End,
    frames::{answer_bytes, decode},
    hello,
    timers::{Due, Timers},
};
use crate::{
    admission::Addresses,
    answers::without_apart,
    call::{Call, Handled},
    dispatch::{dispatch, ready},
    features::signals,
    hub::{
        encoded::Encoded,
        outbound::{BIG_REPLY_BYTES, Item, Next},
        people::SessionHandle,
        rate::TokenBucket,
    },
    services::Services,
    statistics::CommandKind,
};

/// Bad frames that a session may send before it is closed.
const BAD_FRAMES: u32 = 10;

/// Frames that are written before the loop looks at what came in.
const WRITES_PER_TURN: usize = 256;

type Running = Pin<Box<dyn Future<Output = (Asked, Handled)> + Send>>;

struct Session {
    services: Services,
    handle: Arc<SessionHandle>,
    addresses: Arc<Addresses>,
    address: Option<IpAddr>,
    running: FuturesUnordered<Running>,
    /// Answers that wait to be written.
    answers: usize,
    /// Those of them that wait for a lane of their own: a peer may take other lanes and not this one.
    large: VecDeque<Bytes>,
    timers: Timers,
    timer: Pin<Box<Sleep>>,
    gather: Option<Pin<Box<Sleep>>>,
    flushed: Instant,
    unflushed: bool,
    signals: TokenBucket,
    last_typing: u32,
    last_location: u32,
    bad_frames: u32,
    /// Nothing can be written any more.
    broken: bool,
    frame_limit: usize,
}

/// Runs a session until it ends.
pub(super) async fn converse(
    opened: hello::Opened,
    addresses: Arc<Addresses>,
    address: Option<IpAddr>,
    link: &mut dyn Link,
) -> End {
    // Held until the session ends, for any reason.
    let registered = opened.session;
    let settings = registered.services.settings.clone();
    let now = Instant::now();
    let timers = Timers::new(&settings, opened.token_left);
    let mut session = Session {
        timer: Box::pin(sleep_until(timers.next())),
        timers,
        services: registered.services.clone(),
        handle: registered.session.clone(),
        addresses,
        address,
        running: FuturesUnordered::new(),
        // The answer to hello.
        answers: 1,
        large: VecDeque::new(),
        gather: None,
        flushed: now.checked_sub(settings.gather).unwrap_or(now),
        unflushed: false,
        signals: TokenBucket::new(settings.signals_per_second, now),
        last_typing: 0,
        last_location: 0,
        bad_frames: 0,
        broken: false,
        frame_limit: link.info().max_frame,
    };
    poll_fn(|cx| session.poll(link, cx)).await
}

impl Session {
    fn poll(&mut self, link: &mut dyn Link, cx: &mut Context<'_>) -> Poll<End> {
        self.handle.outbound.register(cx);
        loop {
            self.poll_answers(cx);
            if let Poll::Ready(end) = self.poll_write(link, cx) {
                return Poll::Ready(end);
            }
            if let Poll::Ready(end) = self.poll_timer(link, cx) {
                return Poll::Ready(end);
            }
            if self.is_full() {
                // An answer, or the writing of one, wakes the loop; until then the peer waits.
                return if self.broken { Poll::Ready(End::Gone) } else { Poll::Pending };
            }
            match link.poll_recv(cx) {
                Poll::Ready(incoming) => {
                    if let Some(end) = self.receive(incoming) {
                        return Poll::Ready(end);
                    }
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Whether so many commands run, or so much of their answers waits, that no more are read.
    fn is_full(&self) -> bool {
        let settings = &self.services.settings;
        if self.running.len() + self.answers >= settings.commands_in_flight as usize {
            return true;
        }
        let large: usize = self.large.iter().map(Bytes::len).sum();
        self.handle.outbound.reply_bytes() + large >= settings.session_queue_bytes
    }

    /// Moves the answers of finished commands into the queue.
    fn poll_answers(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some((asked, handled))) = pin!(&mut self.running).poll_next(cx) {
            asked.answered(&self.services.statistics, &handled);
            if let Ok(Reply::Refreshed(refreshed)) = &handled {
                let now = self.services.clock.now();
                self.timers.refreshed(hello::token_left(refreshed.token_expires, now));
                self.timer.as_mut().reset(self.timers.next());
            }
            self.answer(asked.id, handled);
        }
    }

    fn answer(&mut self, id: u32, mut handled: Handled) {
        if let Ok(reply) = &mut handled {
            without_apart(&self.services, &self.handle.user, reply);
        }
        let outbound = &self.handle.outbound;
        outbound.reply(answer_bytes(id, handled, outbound.codec(), self.frame_limit));
        self.answers += 1;
    }

    /// Writes what waits: at once if the link was idle or an answer is due, otherwise gathered.
    fn poll_write(&mut self, link: &mut dyn Link, cx: &mut Context<'_>) -> Poll<End> {
        let session = Arc::clone(&self.handle);
        let due = self.flushed + self.services.settings.gather;
        let mut written = 0;
        let farewell = loop {
            written += self.write_large(link, cx);
            match link.poll_ready(Lane::MAIN, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => {
                    // Reading says why.
                    self.broken = true;
                    return Poll::Pending;
                }
                Poll::Pending => break session.outbound.stall(),
            }
            let item = match session.outbound.next(|| written == 0 && Instant::now() < due) {
                Next::Write(item) => item,
                Next::Gather => {
                    self.poll_gather(due, cx);
                    break None;
                }
                Next::Nothing => break None,
            };
            match item {
                Item::Close(code, reason) => break Some((code, reason)),
                Item::Reply(bytes) if bytes.len() > BIG_REPLY_BYTES && link.info().lanes > 1 => {
                    self.large.push_back(bytes);
                    continue;
                }
                Item::Reply(_) => self.answers -= 1,
                Item::Event(_) | Item::Signal(_) => {}
            }
            // What does not go out on a broken link is resumed on the next one.
            let _ = self.write(link, &item);
            written += 1;
            if written >= WRITES_PER_TURN {
                cx.waker().wake_by_ref();
                break None;
            }
        };
        if written > 0 {
            self.flushed = Instant::now();
            self.unflushed = true;
            self.gather = None;
        }
        match farewell {
            Some((code, reason)) => Poll::Ready(End::Farewell(code, reason)),
            None => self.poll_flush(link, cx),
        }
    }

    /// Writes large answers, as far as their lane takes them, and says how many.
    fn write_large(&mut self, link: &mut dyn Link, cx: &mut Context<'_>) -> usize {
        let mut written = 0;
        while let Some(bytes) = self.large.front() {
            let lane = Lane(link.info().lanes - 1);
            // Of a broken link reading says why, and the main lane is broken, too.
            let Poll::Ready(Ok(())) = link.poll_ready(lane, cx) else { break };
            let _ = link.start_send(lane, bytes.clone());
            self.large.pop_front();
            self.answers -= 1;
            written += 1;
        }
        written
    }

    /// Comes back when what is gathered is due.
    fn poll_gather(&mut self, due: Instant, cx: &mut Context<'_>) {
        let sleep = self.gather.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if sleep.poll_unpin(cx).is_ready() {
            self.gather = None;
            cx.waker().wake_by_ref();
        }
    }

    fn poll_flush(&mut self, link: &mut dyn Link, cx: &mut Context<'_>) -> Poll<End> {
        if self.unflushed
            && let Poll::Ready(result) = link.poll_flush(cx)
        {
            self.unflushed = result.is_err();
        }
        Poll::Pending
    }

    fn write(&self, link: &mut dyn Link, item: &Item) -> Result<(), caffis_link::SendError> {
        let codec = self.handle.outbound.codec();
        match item {
            Item::Reply(bytes) => link.start_send(Lane::MAIN, bytes.clone()),
            Item::Event(event) => link.start_send(Lane::MAIN, event.bytes(codec)),
            Item::Signal(signal) => self.write_signal(link, signal, codec),
            Item::Close(..) => Ok(()),
        }
    }

    fn write_signal(
        &self,
        link: &mut dyn Link,
        signal: &Encoded,
        codec: Codec,
    ) -> Result<(), caffis_link::SendError> {
        let bytes = signal.bytes(codec);
        match link.info().max_datagram {
            // Signals that cannot be sent now are dropped.
            Some(most) if bytes.len() <= most => {
                let _ = link.send_datagram(bytes);
                Ok(())
            }
            _ => link.start_send(Lane::MAIN, bytes),
        }
    }

    fn poll_timer(&mut self, link: &mut dyn Link, cx: &mut Context<'_>) -> Poll<End> {
        while self.timer.as_mut().poll(cx).is_ready() {
            match self.timers.due() {
                Due::Nothing => {}
                Due::Ping => {
                    let _ = link.ping();
                    self.unflushed = true;
                    let _ = self.poll_flush(link, cx);
                }
                Due::Idle => {
                    let end = End::Farewell(CloseCode::Idle, "nothing was heard for too long");
                    return Poll::Ready(end);
                }
                Due::TokenWarning => {
                    let at = self.services.clock.now() + self.timers.token_left_ms();
                    let event = Event::TokenExpiring(TokenExpiring { at });
                    self.handle.outbound.notice(&Encoded::event(event));
                }
                Due::TokenExpired => {
                    let end = End::Farewell(CloseCode::TokenExpired, "the token has ended");
                    return Poll::Ready(end);
                }
            }
            self.timer.as_mut().reset(self.timers.next());
        }
        Poll::Pending
    }

    fn receive(&mut self, incoming: Incoming) -> Option<End> {
        self.timers.heard();
        match incoming {
            Incoming::Frame { payload, .. } => {
                match decode(&payload, self.handle.outbound.codec()) {
                    Ok(ClientFrame::Request(request)) => self.start(request),
                    Ok(ClientFrame::Signal(signal)) => self.signal(&signal),
                    Err(error) => return self.bad_frame(error),
                }
                None
            }
            Incoming::Datagram(payload) => {
                // Datagrams are not answered: anything but a signal is dropped.
                let codec = self.handle.outbound.codec();
                if let Ok(ClientFrame::Signal(signal)) = decode(&payload, codec) {
                    self.signal(&signal);
                }
                None
            }
            Incoming::Ping | Incoming::Pong => None,
            Incoming::Closed(farewell) => Some(End::Left(farewell.code)),
        }
    }

    /// A frame that cannot be read has no id to answer to: the answer carries 0.
    fn bad_frame(&mut self, error: Error) -> Option<End> {
        self.bad_frames += 1;
        self.services.statistics.answered(CommandKind::UNREADABLE, Some(&error));
        self.answer(0, Err(error));
        (self.bad_frames >= BAD_FRAMES)
            .then_some(End::Farewell(CloseCode::Protocol, "too many malformed frames"))
    }

    fn signal(&mut self, signal: &ClientSignal) {
        if self.signals.take(Instant::now()).is_err() {
            return;
        }
        let (last, counter) = match signal {
            ClientSignal::Typing(typing) => (&mut self.last_typing, typing.counter),
            ClientSignal::Location(update) => (&mut self.last_location, update.counter),
            ClientSignal::Unknown(_) => return,
        };
        // Datagrams may overtake each other: an older one says nothing new.
        if counter > *last {
            *last = counter;
            signals::handle(&self.call(), signal);
        }
    }

    fn call(&self) -> Call {
        Call::of_session(self.services.clone(), self.handle.clone())
    }

    fn start(&mut self, request: Request) {
        let asked = Asked::new(&self.services.statistics, &request);
        let command = request.command;
        let answer = match self.within_rates(&command) {
            Err(error) => ready(Err(error)),
            Ok(()) => match command {
                Command::Refresh(refresh) => {
                    Box::pin(refreshed(self.services.clone(), self.handle.clone(), refresh))
                }
                command => dispatch(self.call(), command),
            },
        };
        self.running.push(Box::pin(async move { (asked, answer.await) }));
    }

    fn within_rates(&self, command: &Command) -> Result<(), Error> {
        if let Some(address) = self.address {
            self.addresses.take_command(address)?;
        }
        let writes = matches!(
            command,
            Command::Send(_)
                | Command::Edit(_)
                | Command::Forward(_)
                | Command::Schedule(_)
                | Command::ChangeScheduled(_)
                | Command::SendScheduled(_)
        );
        let message = writes && self.handle.service.is_none();
        self.services.people.take(&self.handle.user, message)
    }
}

/// A new token of the same person, with the same rights.
async fn refreshed(services: Services, session: Arc<SessionHandle>, refresh: Refresh) -> Handled {
    let identity =
        hello::identify(&services, &refresh.token).await.map_err(|refused| refused.error)?;
    if identity.user != session.user || identity.service != session.service {
        let sentence = "The new token is another person's, or gives other rights.";
        return Err(Error::refused(ErrorCode::TokenInvalid, sentence));
    }
    session.token_issued.store(identity.issued.get(), Ordering::Release);
    Ok(Reply::Refreshed(Refreshed { token_expires: identity.expires }))
}
