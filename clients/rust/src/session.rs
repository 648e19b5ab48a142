//! One session, from the answer to hello until the link is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use caffis_schema::{
    CloseCode, Command, Error, ErrorCode, Event, List, Position, Reply, RoomId, Text,
    command::{Open, Refresh, Resume},
    event::{Head, RoomEntry},
    limits::Limits,
    reply::{Opened, Resumed, Welcome},
    room::{RoomClass, RoomSummary},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    application::{Application, Instruction},
    calls::{Action, CallError},
    connection::{Connection, ConnectionError, Heartbeat, Received, RequestId},
    end::End,
    events::{ClientEvent, Ended},
    options::TokenFuture,
    outbox::Settled,
    rooms::{Outcome, ResumeId},
    state::ClientState,
};

/// How long to wait before a room that could not be read is requested again.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Entries to load of an open room that was reset.
const RELOAD: u8 = 50;

/// A request that the client makes by itself.
enum OwnRequest {
    /// Fetches missed entries.
    Resume(ResumeId),
    /// Loads the last page of a room that was reset.
    Reload(RoomId),
    /// Hands in a new token.
    Refresh,
}

pub(crate) struct Session {
    connection: Connection,
    limits: Limits,
    own: BTreeMap<RequestId, OwnRequest>,
    /// Rooms whose pages are being loaded again.
    reloading: BTreeSet<RoomId>,
    /// Requests to open a room that the person has left since: the answer may date from before, as
    /// large answers travel on a lane of their own.
    stale: BTreeSet<RequestId>,
    /// When to request again what could not be read.
    again: Option<Instant>,
    token: Option<TokenFuture>,
    /// The delay that the server announced.
    advised: Option<Duration>,
}

impl Session {
    /// Takes in the answer to hello.
    pub(crate) fn begin(
        connection: Connection,
        resume: ResumeId,
        mut welcome: Welcome,
        state: &mut ClientState,
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
        session.set_active(state.active);
        if state.is_lagging() {
            // Once the application has caught up, a new session begins with a welcome of its own.
            return session;
        }
        let resumed = std::mem::take(&mut welcome.resumed);
        let rooms = welcome.rooms.to_vec();
        state.emit(ClientEvent::Welcome(Box::new(welcome)));
        session.resumed(resume, resumed, state);
        for room in &rooms {
            session.hold(room, state);
        }
        session
    }

    /// Runs until the session ends.
    pub(crate) async fn run(mut self, application: &mut Application) -> End {
        let end = loop {
            if application.state.has_caught_up() {
                break End::reconnect("events were dropped");
            }
            self.pump(&mut application.state);
            let wake = self.wake(&application.state);
            tokio::select! {
                biased;
                instruction = application.serve() => match instruction {
                    Instruction::None => {}
                    Instruction::Session(Action::Signal(signal)) => self.connection.signal(signal),
                    Instruction::Session(_) => self.set_active(application.state.active),
                    Instruction::Reconnect => break End::reconnect("reconnecting"),
                    Instruction::Dispose => break End::Over(Ended::Disposed),
                },
                received = self.connection.next() => match received {
                    Received::Closed(farewell) => return End::farewell(farewell, self.advised),
                    received => self.received(received, application),
                },
                token = next_token(&mut self.token) => self.refresh(token),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    self.again = None;
                    application.state.rooms.tick();
                }
            }
        };
        self.connection.close(CloseCode::Normal, "the client is done").await;
        end
    }

    /// Sends what can be sent now.
    fn pump(&mut self, state: &mut ClientState) {
        let now = Instant::now();
        while let Some((number, command)) = state.outbox.ready(now) {
            if let Command::Open(open) = &command {
                state.rooms.begin_opening(open.room);
            }
            match self.connection.request(command) {
                Ok(request) => state.outbox.sent(number, request),
                Err(ConnectionError::TooLarge { size }) => {
                    state.outbox.failed(number, CallError::TooLarge { size });
                }
                Err(_) => break,
            }
        }
        if state.is_lagging() {
            return;
        }
        loop {
            let (id, cursors) = state.rooms.next_resume();
            if cursors.is_empty() {
                break;
            }
            let resume = Command::Resume(Resume { cursors: List::cut(cursors) });
            self.ask(resume, OwnRequest::Resume(id), state);
        }
        if self.again.is_none() {
            for room in state.reload.clone() {
                if !self.reloading.insert(room) {
                    continue;
                }
                state.rooms.begin_opening(room);
                self.ask(
                    Command::Open(Open { room, limit: RELOAD }),
                    OwnRequest::Reload(room),
                    state,
                );
            }
        }
    }

    fn ask(&mut self, command: Command, own: OwnRequest, state: &mut ClientState) {
        match self.connection.request(command) {
            Ok(request) => {
                self.own.insert(request, own);
            }
            Err(_) => self.unanswered(own, state),
        }
    }

    /// A request of the client's own failed: it is made again after a while.
    fn unanswered(&mut self, own: OwnRequest, state: &mut ClientState) {
        match own {
            OwnRequest::Resume(resume) => state.rooms.resume_failed(resume),
            OwnRequest::Reload(room) => {
                self.reloading.remove(&room);
            }
            // The server closes when the token expires, and the next hello has a new one.
            OwnRequest::Refresh => return,
        }
        self.again.get_or_insert(Instant::now() + ASK_AGAIN);
    }

    /// When the next timer is due.
    fn wake(&mut self, state: &ClientState) -> Option<Instant> {
        if state.rooms.has_waiting() {
            self.again.get_or_insert(Instant::now() + ASK_AGAIN);
        }
        self.again.into_iter().chain(state.outbox.next_due()).min()
    }

    fn received(&mut self, received: Received, application: &mut Application) {
        let state = &mut application.state;
        match received {
            Received::Answer { id, result } => self.answered(id, result, state),
            Received::Event(Event::TokenExpiring(_)) => {
                self.token = Some((application.options.tokens)());
            }
            Received::Event(event) => self.event(event, state),
            Received::Signal(signal) if !state.is_lagging() => {
                state.emit(ClientEvent::Signal(signal))
            }
            Received::Signal(_) | Received::Closed(_) => {}
        }
    }

    fn answered(&mut self, id: RequestId, result: Result<Reply, Error>, state: &mut ClientState) {
        let stale = self.stale.remove(&id);
        if let Some(own) = self.own.remove(&id) {
            match (own, result) {
                (OwnRequest::Reload(room), Ok(Reply::Opened(_))) if stale => {
                    self.reloading.remove(&room);
                    state.reload.insert(room);
                }
                (own, result) => self.own_answer(own, result, state),
            }
            return;
        }
        match state.outbox.answered(id, result, Instant::now()) {
            Settled::Done(done) => match *done {
                (_, Reply::Opened(opened)) if stale || state.is_lagging() => {
                    state.reload.insert(opened.room.room);
                }
                (command, reply) => self.done(&command, reply, state),
            },
            Settled::Refused(command) => {
                if let Command::Open(open) = *command {
                    state.rooms.open_failed(open.room);
                }
            }
            Settled::Other => {}
        }
    }

    fn own_answer(
        &mut self,
        own: OwnRequest,
        result: Result<Reply, Error>,
        state: &mut ClientState,
    ) {
        match (own, result) {
            (OwnRequest::Resume(resume), Ok(Reply::Resumed(resumed))) => {
                self.resumed(resume, resumed.rooms, state);
            }
            (OwnRequest::Reload(_), Ok(Reply::Opened(opened))) => self.opened(opened, state),
            (OwnRequest::Reload(room), Err(error))
                if matches!(error.code, ErrorCode::NotFound | ErrorCode::Forbidden) =>
            {
                self.release(room, state);
                state.emit(ClientEvent::Gone(room));
            }
            (own, _) => self.unanswered(own, state),
        }
    }

    /// A command of the application was done.
    fn done(&mut self, command: &Command, reply: Reply, state: &mut ClientState) {
        match (command, reply) {
            (_, Reply::Opened(opened)) => self.opened(opened, state),
            (_, Reply::Room(room)) => self.hold(&room, state),
            (_, Reply::Rooms(page)) => {
                page.rooms.iter().for_each(|room| state.rooms.note_head(room.room, room.head));
            }
            (Command::History(history), Reply::Page(page)) => {
                state.rooms.note_head(history.room, page.head);
            }
            (Command::Close(close), _) => {
                state.reload.remove(&close.room);
                state.rooms.closed(close.room);
            }
            _ => {}
        }
    }

    fn event(&mut self, event: Event, state: &mut ClientState) {
        match event {
            Event::Draining(draining) => {
                self.advised = Some(Duration::from_millis(u64::from(draining.reconnect_after_ms)));
            }
            _ if state.is_lagging() => {}
            Event::Entry(RoomEntry { room, entry }) => {
                let entries = state.rooms.entry(room, entry);
                state.emit_entries(room, entries);
            }
            Event::Behind(head) if state.rooms.holds(head.room) => {
                state.rooms.note_head(head.room, head.head);
            }
            Event::Behind(head) => state.emit(ClientEvent::Other(Box::new(Event::Head(head)))),
            event => {
                match &event {
                    Event::Head(Head { room, head, .. }) => {
                        state.rooms.release_unless_open(*room);
                        state.rooms.note_head(*room, *head);
                    }
                    Event::RoomAdded(room) => self.hold(room, state),
                    Event::RoomRemoved(removed) => self.release(removed.room, state),
                    _ => {}
                }
                state.emit(ClientEvent::Other(Box::new(event)));
            }
        }
    }

    /// The answer to a resume arrived.
    fn resumed<const N: usize>(
        &mut self,
        resume: ResumeId,
        rooms: List<Resumed, N>,
        state: &mut ClientState,
    ) {
        let any_entries = rooms.iter().any(|resumed| !resumed.entries.is_empty());
        for resumed in rooms {
            let room = resumed.room;
            match state.rooms.resumed(resume, resumed, any_entries) {
                Outcome::Entries(entries) => state.emit_entries(room, entries),
                Outcome::Reset { head, open } => {
                    state.emit(ClientEvent::Reset { room, head });
                    if open {
                        state.reload.insert(room);
                    }
                }
                Outcome::Gone => {
                    self.release(room, state);
                    state.emit(ClientEvent::Gone(room));
                }
                Outcome::Later | Outcome::Nothing => {}
            }
        }
    }

    fn release(&mut self, room: RoomId, state: &mut ClientState) {
        state.rooms.release(room);
        state.reload.remove(&room);
        self.reloading.remove(&room);
        let reloads = self.own.iter().filter_map(|(request, own)| match own {
            OwnRequest::Reload(other) if *other == room => Some(*request),
            _ => None,
        });
        self.stale.extend(reloads.chain(state.outbox.openings(room)));
    }

    fn opened(&mut self, opened: Opened, state: &mut ClientState) {
        let room = opened.room.room;
        state.reload.remove(&room);
        self.reloading.remove(&room);
        let position: Position =
            opened.page.entries.last().map_or(Position(0), |entry| entry.position);
        let inbox = self.in_inbox(&opened.room);
        state.rooms.note_head(room, opened.room.head);
        let entries = state.rooms.opened(room, position.max(opened.page.head), inbox);
        state.emit(ClientEvent::Opened(Box::new(opened)));
        state.emit_entries(room, entries);
    }

    /// Holds a room whose entries come whether it is open or not. The summary of an unreadable room
    /// does not say where its log ends: what is held of it stays.
    fn hold(&self, room: &RoomSummary, state: &mut ClientState) {
        if !room.readable {
            state.rooms.hold_unreadable(room.room);
        } else if self.in_inbox(room) {
            state.rooms.hold(room.room, room.head);
        } else {
            state.rooms.note_head(room.room, room.head);
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
        // Without a new token the server closes when the old one expires; the client then reconnects.
        if let Ok(token) = token
            && let Ok(token) = Text::new(token)
            && let Ok(request) = self.connection.request(Command::Refresh(Refresh { token }))
        {
            self.own.insert(request, OwnRequest::Refresh);
        }
    }
}

/// Waits for the token that is being fetched, or for ever if none is.
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
