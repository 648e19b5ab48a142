//! Endpoints and dead letters of all nodes together: each shard is asked of the node that owns it.

use std::collections::BTreeMap;

use caffis_schema::{
    Error, ErrorCode, List, RoomId, Text,
    endpoints::{
        DEAD_LETTERS, DeadLetter, DeadLetterPage, EndpointState, EndpointStates,
        InspectedDeadLetter, Redriven,
    },
};
use futures_util::future::join_all;

use super::{Outgoing, dead_letters::Cursor, made::settings_of};
use crate::{
    cluster::{Owner, Shard},
    errors::{no_owner, owner_stopped},
    model::webhooks::{DeadLetterFilter, room_of_webhook},
    peers::questions::{Answered, Question, WebhookQuestion},
    ports::bus::NodeId,
    tables::DeadLetterRow,
};

/// Whom to ask about shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Here,
    There(NodeId),
    /// No node owns them now.
    Nowhere,
}

impl Outgoing {
    /// What becomes of the webhooks of each endpoint.
    pub(crate) async fn states(&self) -> EndpointStates {
        let asked = self.places(None).into_iter().map(|(place, shards)| async move {
            let states = match place {
                Place::Here => Some(self.states_here()),
                Place::There(node) => match self.ask(node, WebhookQuestion::States).await {
                    Ok(Answered::EndpointStates(states)) => Some(states),
                    _ => None,
                },
                Place::Nowhere => None,
            };
            (states, shards)
        });
        let (mut merged, mut silent_shards) = (BTreeMap::<_, EndpointState>::new(), 0);
        for (states, shards) in join_all(asked).await {
            let Some(states) = states else {
                silent_shards += shards;
                continue;
            };
            for state in states {
                match merged.get_mut(&state.endpoint) {
                    Some(whole) => add(whole, &state),
                    None => _ = merged.insert(state.endpoint.clone(), state),
                }
            }
        }
        let running = self.workers.all();
        // One that another node has not taken away yet is none any more.
        merged.retain(|name, _| running.iter().any(|running| **running.name() == *name.as_str()));
        for running in running.iter() {
            if let Some(state) = merged.get_mut(&**running.name()) {
                state.settings = Some(settings_of(running));
            }
        }
        EndpointStates { endpoints: List::cut(merged.into_values().collect()), silent_shards }
    }

    /// The oldest dead letters after a place in the list.
    ///
    /// # Errors
    /// `not_found` for an endpoint that there is not, and the store's.
    pub(crate) async fn dead_letters(
        &self,
        endpoint: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<DeadLetterPage, Error> {
        self.known(endpoint)?;
        let (limit, shards) = (limit.clamp(1, DEAD_LETTERS), Shard::all().collect::<Vec<_>>());
        let mut rows = Vec::new();
        for worker in self.workers(endpoint) {
            rows.extend(worker.dead_letters.oldest(&shards, after, limit + 1).await?);
        }
        rows.sort_by(|one, other| (one.died, &one.id).cmp(&(other.died, &other.id)));
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| Text::cut(&Cursor::of(row).to_string()));
        Ok(DeadLetterPage { letters: List::cut(rows.iter().map(shown).collect()), next })
    }

    /// A dead letter, with the body that it would have now.
    ///
    /// # Errors
    /// `not_found` if there is none with this id, and what keeps its room's owner from answering.
    pub(crate) async fn inspect(&self, id: &str) -> Result<InspectedDeadLetter, Error> {
        let (_, row) = self.find(id).await?;
        let body = match self.services.owners.owner_of(row.room) {
            Owner::Here { .. } => {
                let body = self.body_here(id).await?;
                body.map(|body| Text::cut(&String::from_utf8_lossy(&body)))
            }
            Owner::There { node, .. } => {
                let question = WebhookQuestion::Body(row.room, id.to_owned());
                match self.ask(node, question).await? {
                    Answered::DeadLetterBody(body) => body?,
                    _ => return Err(owner_stopped()),
                }
            }
            Owner::Nobody => return Err(no_owner()),
        };
        Ok(InspectedDeadLetter { letter: shown(&row), body })
    }

    /// Sends dead letters again, each from the node that owns its room.
    ///
    /// # Errors
    /// `not_found` for an endpoint or a dead letter that there is not, and the store's.
    pub(crate) async fn redrive(&self, which: &DeadLetterFilter) -> Result<Redriven, Error> {
        self.known(which.endpoint.as_deref())?;
        let room = match which.id.as_deref() {
            Some(id) => Some(self.find(id).await?.1.room),
            None => None,
        };
        let asked = self.places(room).into_iter().map(|(place, shards)| async move {
            let done = match place {
                Place::Here => Some(self.redrive_here(which).await),
                Place::There(node) => {
                    let question = WebhookQuestion::Redrive(room, which.clone());
                    match self.ask(node, question).await {
                        Ok(Answered::Redriven(done)) => Some(done),
                        _ => None,
                    }
                }
                Place::Nowhere => None,
            };
            (done, shards)
        });
        let mut whole = Redriven::default();
        for (done, shards) in join_all(asked).await {
            let Some(done) = done else {
                whole.silent_shards += shards;
                continue;
            };
            let done = done?;
            whole.delivered += done.delivered;
            whole.gone += done.gone;
            whole.left += done.left;
            whole.more |= done.more;
            whole.failed =
                List::cut(whole.failed.iter().chain(done.failed.iter()).cloned().collect());
        }
        Ok(whole)
    }

    /// Who has the shards, and how many of them: that of a room, or all.
    fn places(&self, room: Option<RoomId>) -> BTreeMap<Place, u32> {
        let mut places = BTreeMap::new();
        for shard in Shard::all().filter(|shard| room.is_none_or(|room| Shard::of(room) == *shard))
        {
            let place = match self.services.owners.owner(shard) {
                Owner::Here { .. } => Place::Here,
                Owner::There { node, .. } => Place::There(node),
                Owner::Nobody => Place::Nowhere,
            };
            *places.entry(place).or_default() += 1;
        }
        places
    }

    async fn ask(&self, node: NodeId, question: WebhookQuestion) -> Result<Answered, Error> {
        let nodes = self.services.nodes.as_ref().ok_or_else(no_owner)?;
        nodes.ask(node, &Question::Webhooks(question)).await
    }

    /// # Errors
    /// There is no endpoint with this name.
    fn known(&self, endpoint: Option<&str>) -> Result<(), Error> {
        match endpoint {
            Some(_) if self.workers(endpoint).is_empty() => {
                Err(Error::refused(ErrorCode::NotFound, "There is no such endpoint."))
            }
            _ => Ok(()),
        }
    }
}

/// Adds what another node says of an endpoint.
fn add(whole: &mut EndpointState, part: &EndpointState) {
    whole.delivered += part.delivered;
    whole.failed += part.failed;
    whole.dead += part.dead;
    whole.in_flight += part.in_flight;
    whole.waiting += part.waiting;
    whole.oldest = [whole.oldest, part.oldest].into_iter().flatten().min();
    // The reason of a node that is in trouble says most.
    if whole.reason.is_none() || (part.broken && !whole.broken) {
        whole.reason.clone_from(&part.reason);
    }
    whole.broken |= part.broken;
}

fn shown(row: &DeadLetterRow) -> DeadLetter {
    debug_assert_eq!(room_of_webhook(&row.id), Some(row.room));
    DeadLetter {
        id: Text::cut(&row.id),
        endpoint: Text::cut(&row.endpoint),
        kind: Text::cut(&row.kind),
        room: row.room,
        position: row.position,
        died: row.died,
        attempts: row.attempts,
        reason: Text::cut(&row.reason),
    }
}
