//! One session: what goes out, what comes in, until the link is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use caffis_schema::{
    CloseCode, Command, Entry, Error, ErrorCode, Event, List, Position, Reply, RoomId, Text,
    command::{Open, Refresh, Resume},
    event::{Head, RoomEntry},
    limits::Limits,
    reply::{Opened, Resumed, Welcome},
    room::{RoomClass, RoomSummary},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    client::{Action, CallError, ClientEvent, Ended, TokenFuture},
    connection::{Connection, ConnectionError, Heartbeat, Received, RequestId},
    driver::{Driver, End, Keep, Wish},
    held::{Outcome, Question},
    outbox::Settled,
};

/// How long to wait before asking again for a room that could not be read.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Entries to load of an open room that was reset.
const RELOAD: u8 = 50;

/// A request of the client's own.
enum Own {
    /// For what was missed.
    Resume(Question),
    /// The last page of a room that was reset.
    Reload(RoomId),
    /// A new token.
    Refresh,
}

pub(crate) struct Session {
    connection: Connection,
    limits: Limits,
    own: BTreeMap<RequestId, Own>,
    /// Rooms whose pages are being loaded again.
    reloading: BTreeSet<RoomId>,
    /// Requests to open a room that the person left meanwhile: large answers travel on a lane of
    /// their own, and this one may be of before.
    stale: BTreeSet<RequestId>,
    /// When to ask again for rooms that could not be read.
    again: Option<Instant>,
    token: Option<TokenFuture>,
    /// The delay that the server announced.
    advised: Option<Duration>,
}

impl Session {
    /// Takes what the server said in its answer to hello.
    pub(crate) fn begin(
        connection: Connection,
        question: Question,
        mut welcome: Welcome,
        keep: &mut Keep,
    ) -> Self {
        let mut session = Self {
            connection,
            limits: welcome.limits.clone(),
            own: BTreeMap::new(),
            reloading: BTreeSet::new(),
            stale: BTreeSet::new(),
            again: None,
            token: None,
            advised: None,
        };
        session.set_active(keep.active);
        if keep.lags() {
            // The session that follows when the application has read begins with a welcome of its own.
            return session;
        }
        let resumed = std::mem::take(&mut welcome.resumed);
        let rooms = welcome.rooms.to_vec();
        keep.tell(ClientEvent::Welcome(Box::new(welcome)));
        session.resumed(question, resumed, keep);
        for room in &rooms {
            session.hold(room, keep);
        }
        session
    }

    /// Runs until the session ends.
    pub(crate) async fn run(mut self, driver: &mut Driver) -> End {
        let end = loop {
            if driver.keep.has_caught_up() {
                break anew("events were left out");
            }
            self.pump(&mut driver.keep);
            let wake = self.wake(&driver.keep);
            tokio::select! {
                biased;
                wish = driver.outside() => match wish {
                    Wish::Nothing => {}
                    Wish::Session(Action::Signal(signal)) => self.connection.signal(signal),
                    Wish::Session(_) => self.set_active(driver.keep.active),
                    Wish::Reconnect => break anew("connecting anew"),
                    Wish::Dispose => break End::Over(Ended::Disposed),
                },
                received = self.connection.next() => match received {
                    Received::Closed(farewell) => return End::farewell(farewell, self.advised),
                    received => self.received(received, driver),
                },
                token = next_token(&mut self.token) => self.refresh(token),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    self.again = None;
                    driver.keep.held.round();
                }
            }
        };
        self.connection.close(CloseCode::Normal, "the client is done").await;
        end
    }

    /// Sends what can be sent now.
    fn pump(&mut self, keep: &mut Keep) {
        let now = Instant::now();
        while let Some((number, command)) = keep.outbox.ready(now) {
            if let Command::Open(open) = &command {
                keep.held.opening(open.room);
            }
            match self.connection.request(command) {
                Ok(request) => keep.outbox.sent(number, request),
                Err(ConnectionError::TooLarge { size }) => {
                    keep.outbox.failed(number, CallError::TooLarge { size });
                }
                Err(_) => break,
            }
        }
        if keep.lags() {
            return;
        }
        loop {
            let (question, cursors) = keep.held.ask();
            if cursors.is_empty() {
                break;
            }
            let resume = Command::Resume(Resume { cursors: List::cut(cursors) });
            self.ask(resume, Own::Resume(question), keep);
        }
        if self.again.is_none() {
            for room in keep.reload.clone() {
                if !self.reloading.insert(room) {
                    continue;
                }
                keep.held.opening(room);
                self.ask(Command::Open(Open { room, limit: RELOAD }), Own::Reload(room), keep);
            }
        }
    }

    fn ask(&mut self, command: Command, own: Own, keep: &mut Keep) {
        match self.connection.request(command) {
            Ok(request) => {
                self.own.insert(request, own);
            }
            Err(_) => self.unanswered(own, keep),
        }
    }

    /// A request of the client's own was not done: it is made again after a while.
    fn unanswered(&mut self, own: Own, keep: &mut Keep) {
        match own {
            Own::Resume(question) => keep.held.unanswered(question),
            Own::Reload(room) => {
                self.reloading.remove(&room);
            }
            // The server closes when the token ends, and the next hello has a new one.
            Own::Refresh => return,
        }
        self.again.get_or_insert(Instant::now() + ASK_AGAIN);
    }

    /// When something has to be done without anybody asking.
    fn wake(&mut self, keep: &Keep) -> Option<Instant> {
        if keep.held.has_later() {
            self.again.get_or_insert(Instant::now() + ASK_AGAIN);
        }
        self.again.into_iter().chain(keep.outbox.next_due()).min()
    }

    fn received(&mut self, received: Received, driver: &mut Driver) {
        let keep = &mut driver.keep;
        match received {
            Received::Answer { id, result } => self.answered(id, result, keep),
            Received::Event(Event::TokenExpiring(_)) => {
                self.token = Some((driver.options.tokens)());
            }
            Received::Event(event) => self.event(event, keep),
            Received::Signal(signal) if !keep.lags() => keep.tell(ClientEvent::Signal(signal)),
            Received::Signal(_) | Received::Closed(_) => {}
        }
    }

    fn answered(&mut self, id: RequestId, result: Result<Reply, Error>, keep: &mut Keep) {
        let stale = self.stale.remove(&id);
        if let Some(own) = self.own.remove(&id) {
            match (own, result) {
                (Own::Reload(room), Ok(Reply::Opened(_))) if stale => {
                    self.reloading.remove(&room);
                    keep.reload.insert(room);
                }
                (own, result) => self.own_answer(own, result, keep),
            }
            return;
        }
        match keep.outbox.answered(id, result, Instant::now()) {
            Settled::Done(done) => match *done {
                (_, Reply::Opened(opened)) if stale || keep.lags() => {
                    keep.reload.insert(opened.room.room);
                }
                (command, reply) => self.done(&command, reply, keep),
            },
            Settled::Refused(command) => {
                if let Command::Open(open) = *command {
                    keep.held.not_opened(open.room);
                }
            }
            Settled::Other => {}
        }
    }

    fn own_answer(&mut self, own: Own, result: Result<Reply, Error>, keep: &mut Keep) {
        match (own, result) {
            (Own::Resume(question), Ok(Reply::Resumed(resumed))) => {
                self.resumed(question, resumed.rooms, keep);
            }
            (Own::Reload(_), Ok(Reply::Opened(opened))) => self.opened(opened, keep),
            (Own::Reload(room), Err(error))
                if matches!(error.code, ErrorCode::NotFound | ErrorCode::Forbidden) =>
            {
                self.release(room, keep);
                keep.tell(ClientEvent::Gone(room));
            }
            (own, _) => self.unanswered(own, keep),
        }
    }

    /// A command of the application was done.
    fn done(&mut self, command: &Command, reply: Reply, keep: &mut Keep) {
        match (command, reply) {
            (_, Reply::Opened(opened)) => self.opened(opened, keep),
            (_, Reply::Room(room)) => self.hold(&room, keep),
            (_, Reply::Rooms(page)) => {
                page.rooms.iter().for_each(|room| keep.held.heard(room.room, room.head));
            }
            (Command::History(history), Reply::Page(page)) => {
                keep.held.heard(history.room, page.head);
            }
            (Command::Close(close), _) => {
                keep.reload.remove(&close.room);
                keep.held.closed(close.room);
            }
            _ => {}
        }
    }

    fn event(&mut self, event: Event, keep: &mut Keep) {
        match event {
            Event::Draining(draining) => {
                self.advised = Some(Duration::from_millis(u64::from(draining.reconnect_after_ms)));
            }
            _ if keep.lags() => {}
            Event::Entry(RoomEntry { room, entry }) => {
                let entries = keep.held.entry(room, entry);
                tell_entries(room, entries, keep);
            }
            Event::Behind(head) if keep.held.holds(head.room) => {
                keep.held.heard(head.room, head.head);
            }
            Event::Behind(head) => keep.tell(ClientEvent::Other(Box::new(Event::Head(head)))),
            event => {
                match &event {
                    Event::Head(Head { room, head, .. }) => {
                        keep.held.release_unless_open(*room);
                        keep.held.heard(*room, *head);
                    }
                    Event::RoomAdded(room) => self.hold(room, keep),
                    Event::RoomRemoved(removed) => self.release(removed.room, keep),
                    _ => {}
                }
                keep.tell(ClientEvent::Other(Box::new(event)));
            }
        }
    }

    /// An answer to cursors came.
    fn resumed<const N: usize>(
        &mut self,
        question: Question,
        rooms: List<Resumed, N>,
        keep: &mut Keep,
    ) {
        let brought = rooms.iter().any(|resumed| !resumed.entries.is_empty());
        for resumed in rooms {
            let room = resumed.room;
            match keep.held.resumed(question, resumed, brought) {
                Outcome::Entries(entries) => tell_entries(room, entries, keep),
                Outcome::Reset { head, open } => {
                    keep.tell(ClientEvent::Reset { room, head });
                    if open {
                        keep.reload.insert(room);
                    }
                }
                Outcome::Gone => {
                    self.release(room, keep);
                    keep.tell(ClientEvent::Gone(room));
                }
                Outcome::Later | Outcome::Nothing => {}
            }
        }
    }

    fn release(&mut self, room: RoomId, keep: &mut Keep) {
        keep.held.release(room);
        keep.reload.remove(&room);
        self.reloading.remove(&room);
        let reloads = self.own.iter().filter_map(|(request, own)| match own {
            Own::Reload(other) if *other == room => Some(*request),
            _ => None,
        });
        self.stale.extend(reloads.chain(keep.outbox.openings(room)));
    }

    fn opened(&mut self, opened: Opened, keep: &mut Keep) {
        let room = opened.room.room;
        keep.reload.remove(&room);
        self.reloading.remove(&room);
        let position: Position =
            opened.page.entries.last().map_or(Position(0), |entry| entry.position);
        let inbox = self.in_inbox(&opened.room);
        keep.held.heard(room, opened.room.head);
        let entries = keep.held.opened(room, position.max(opened.page.head), inbox);
        keep.tell(ClientEvent::Opened(Box::new(opened)));
        tell_entries(room, entries, keep);
    }

    /// Holds a room of which every entry comes, open or not. The summary of an unreadable room does
    /// not say where the room is: what is held of it stays.
    fn hold(&self, room: &RoomSummary, keep: &mut Keep) {
        if !room.readable {
            keep.held.hold_unreadable(room.room);
        } else if self.in_inbox(room) {
            keep.held.hold(room.room, room.head);
        } else {
            keep.held.heard(room.room, room.head);
        }
    }

    fn in_inbox(&self, room: &RoomSummary) -> bool {
        room.class != RoomClass::Public
            && room.role.is_some()
            && room.members <= self.limits.small_room_members
    }

    fn set_active(&mut self, active: bool) {
        self.connection.set_heartbeat(Heartbeat::of(&self.limits, active));
    }

    fn refresh(&mut self, token: Result<String, String>) {
        // Without a new token the server closes when the old one ends; then comes the next attempt.
        if let Ok(token) = token
            && let Ok(token) = Text::new(token)
            && let Ok(request) = self.connection.request(Command::Refresh(Refresh { token }))
        {
            self.own.insert(request, Own::Refresh);
        }
    }
}

/// The end of a session that the client itself wants to go on at once.
fn anew(reason: &str) -> End {
    End::Lost { reason: reason.to_owned(), advised: Some(Duration::ZERO) }
}

fn tell_entries(room: RoomId, entries: Vec<Entry>, keep: &mut Keep) {
    for entry in entries {
        keep.tell(ClientEvent::Entry(RoomEntry { room, entry }));
    }
}

/// The token that was asked for; never, while none was.
async fn next_token(token: &mut Option<TokenFuture>) -> Result<String, String> {
    match token {
        Some(future) => {
            let result = future.as_mut().await;
            *token = None;
            result
        }
        None => std::future::pending().await,
    }
}
