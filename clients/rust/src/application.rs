//! The application as the driver and its sessions see it: what it asks for, what it is told, and how
//! it wants the client to be.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::{
    calls::Action,
    events::{ClientEvent, Ended, State},
    options::Options,
    state::ClientState,
};

/// What is left to do about an action.
pub(crate) enum Instruction {
    /// Nothing.
    None,
    /// The session has to act on it.
    Session(Action),
    /// Connect again.
    Reconnect,
    /// End the client.
    Dispose,
}

/// The queues from and to the application, with what outlives a session.
pub(crate) struct Application {
    pub(crate) options: Options,
    pub(crate) state: ClientState,
    actions: mpsc::Receiver<Action>,
    events: mpsc::Sender<ClientEvent>,
}

impl Application {
    pub(crate) fn new(
        options: Options,
        actions: mpsc::Receiver<Action>,
        events: mpsc::Sender<ClientEvent>,
    ) -> Self {
        let state = ClientState { active: true, ..ClientState::default() };
        Self { options, state, actions, events }
    }

    /// Delivers pending events, or takes the next action.
    pub(crate) async fn serve(&mut self) -> Instruction {
        let Self { state, actions, events, .. } = self;
        let action = tokio::select! {
            biased;
            () = deliver(events, &mut state.pending), if !state.pending.is_empty() => {
                return Instruction::None;
            }
            action = actions.recv() => action,
        };
        action.map_or(Instruction::Dispose, |action| take(action, state))
    }

    /// Takes no more actions, settles what waits, and delivers the last events.
    pub(crate) async fn end(mut self, ended: Ended) {
        self.actions.close();
        self.state.outbox.end();
        self.state.emit(ClientEvent::State(State::Ended(ended)));
        // Calls that were never taken learn of the end as their answerers are dropped.
        while self.actions.recv().await.is_some() {}
        while let Some(event) = self.state.pending.pop_front() {
            if self.events.send(event).await.is_err() {
                break;
            }
        }
    }
}

async fn deliver(events: &mpsc::Sender<ClientEvent>, pending: &mut VecDeque<ClientEvent>) {
    match events.reserve().await {
        Ok(permit) => {
            if let Some(event) = pending.pop_front() {
                permit.send(event);
            }
        }
        // Nobody reads events.
        Err(_) => pending.clear(),
    }
    while let Some(event) = pending.pop_front() {
        if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event) {
            pending.push_front(event);
            return;
        }
    }
}

fn take(action: Action, state: &mut ClientState) -> Instruction {
    match action {
        Action::Call(command, answerer) => {
            state.outbox.push(*command, answerer);
            Instruction::None
        }
        Action::SetActive(active) => {
            state.active = active;
            Instruction::Session(action)
        }
        Action::Signal(_) => Instruction::Session(action),
        Action::Reconnect => Instruction::Reconnect,
        Action::Dispose => Instruction::Dispose,
    }
}
