//! What REST says of the endpoints that are told by webhook, and of the webhooks that were given up.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    ids::RoomId,
    limits::CONTEXT_TYPE_BYTES,
    numbers::{Position, Timestamp},
};

/// The name of an endpoint, in bytes.
pub const ENDPOINT_NAME_BYTES: usize = 32;

/// The most endpoints.
pub const ENDPOINTS: usize = 64;

/// The address of an endpoint, in bytes.
pub const ENDPOINT_URL_BYTES: usize = 2_048;

/// Kinds of events, and types of contexts, that an endpoint may name.
pub const ENDPOINT_FILTERS: usize = 32;

/// A secret of an endpoint, in bytes: `whsec_` and 64 bytes in base64.
pub const ENDPOINT_SECRET_BYTES: usize = 96;

/// How long the secret before may sign beside a new one, in seconds.
pub const ENDPOINT_GRACE_S: u32 = 7 * 86_400;

/// A `webhook-id` of the chat, in bytes.
pub const WEBHOOK_ID_BYTES: usize = 128;

/// The name of a kind of event, in bytes.
pub const WEBHOOK_KIND_BYTES: usize = 64;

/// Why a webhook was not taken, in bytes: 300 characters of an answer, and a few words.
pub const WEBHOOK_REASON_BYTES: usize = 1_280;

/// The body of a webhook of the chat, in bytes: 100 recipients with the longest ids.
pub const WEBHOOK_BODY_BYTES: usize = 64 * 1024;

/// Dead letters in one page.
pub const DEAD_LETTERS: usize = 100;

/// Where a list of dead letters goes on, in bytes.
pub const DEAD_LETTER_CURSOR_BYTES: usize = 160;

/// The name of an endpoint.
pub type EndpointName = Text<ENDPOINT_NAME_BYTES>;

/// A `webhook-id`.
pub type WebhookId = Text<WEBHOOK_ID_BYTES>;

/// Where an endpoint is, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct EndpointChange {
    /// Its address: `https://push.example.org/chat`.
    pub url: Text<ENDPOINT_URL_BYTES>,
    /// The kinds of events that it is told: `chat.message.created`, `room.*`, or `*` for all but `user.presence`.
    pub kinds: List<Text<WEBHOOK_KIND_BYTES>, ENDPOINT_FILTERS>,
    /// The types of contexts of whose rooms it is told; of all rooms if there are none.
    #[serde(default)]
    pub contexts: List<Text<CONTEXT_TYPE_BYTES>, ENDPOINT_FILTERS>,
}

/// How an endpoint is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EndpointSettings {
    /// Its address.
    pub url: Text<ENDPOINT_URL_BYTES>,
    /// The kinds of events that it is told.
    pub kinds: List<Text<WEBHOOK_KIND_BYTES>, ENDPOINT_FILTERS>,
    /// The types of contexts of whose rooms it is told; of all rooms if there are none.
    pub contexts: List<Text<CONTEXT_TYPE_BYTES>, ENDPOINT_FILTERS>,
    /// Whether the servers' configuration has it: then only this changes it.
    pub configured: bool,
    /// When it was made; it is told what happens from then on.
    pub created: Option<Timestamp>,
    /// When it was changed last.
    pub changed: Option<Timestamp>,
    /// Until when the secret before signs beside the present one; may be over.
    pub former_until: Option<Timestamp>,
}

/// An endpoint that was made just now, or has a new secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EndpointSecret {
    /// Its name.
    pub endpoint: EndpointName,
    /// How it is set up.
    pub settings: EndpointSettings,
    /// Its secret: it is shown this once.
    pub secret: Text<ENDPOINT_SECRET_BYTES>,
}

/// An endpoint, on all nodes together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EndpointState {
    /// Its name.
    pub endpoint: EndpointName,
    /// The webhooks that it has taken since the nodes started.
    pub delivered: u64,
    /// The attempts that failed since the nodes started.
    pub failed: u64,
    /// The webhooks that were given up since the nodes started.
    pub dead: u64,
    /// The attempts under way.
    pub in_flight: u64,
    /// The rooms of which it has not been told all, because an attempt failed.
    pub waiting: u64,
    /// Since when the first of them waits; none if none does.
    pub oldest: Option<Timestamp>,
    /// The circuit breaker of a node is open: nothing but a single attempt from time to time is made.
    pub broken: bool,
    /// Why the last attempt that failed did so; none if it is not known.
    pub reason: Option<Text<WEBHOOK_REASON_BYTES>>,
    /// How it is set up.
    pub settings: Option<EndpointSettings>,
}

/// All endpoints, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EndpointStates {
    /// The endpoints.
    pub endpoints: List<EndpointState, ENDPOINTS>,
    /// How many of the shards are of nodes that did not answer, and are not counted.
    pub silent_shards: u32,
}

/// A webhook that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct DeadLetter {
    /// Its `webhook-id`.
    pub id: WebhookId,
    /// The endpoint that did not take it.
    pub endpoint: EndpointName,
    /// The kind of its event.
    pub kind: Text<WEBHOOK_KIND_BYTES>,
    /// The room in which it happened.
    pub room: RoomId,
    /// The position of what happened in the room's log.
    pub position: Position,
    /// When it was given up.
    pub died: Timestamp,
    /// How often it was tried.
    pub attempts: u64,
    /// Why the last attempt failed.
    pub reason: Text<WEBHOOK_REASON_BYTES>,
}

/// A part of the dead letters, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct DeadLetterPage {
    /// The dead letters.
    pub letters: List<DeadLetter, DEAD_LETTERS>,
    /// What to give as `after` for those that follow; none if these are the last.
    pub next: Option<Text<DEAD_LETTER_CURSOR_BYTES>>,
}

/// A webhook that was given up, with what would be sent now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct InspectedDeadLetter {
    /// As in the list.
    pub letter: DeadLetter,
    /// The body, made from what the chat says now; none if what happened is not kept any more.
    pub body: Option<Text<WEBHOOK_BODY_BYTES>>,
}

/// A dead letter that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct FailedRedrive {
    /// Its `webhook-id`.
    pub id: WebhookId,
    /// Why.
    pub reason: Text<WEBHOOK_REASON_BYTES>,
}

/// What became of dead letters that were sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Redriven {
    /// So many were delivered, and are dead letters no longer.
    pub delivered: u32,
    /// Of so many what happened is not kept any more; they are dead letters no longer.
    pub gone: u32,
    /// So many of those that were looked at are still dead letters.
    pub left: u32,
    /// Those that were not taken. Nothing more was sent to their endpoints.
    pub failed: List<FailedRedrive, ENDPOINTS>,
    /// How many of the shards are of nodes that did not answer.
    pub silent_shards: u32,
    /// Whether there may be further ones: it is worth asking again.
    pub more: bool,
}
