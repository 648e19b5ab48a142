//! Who may send webhooks, and who is sent some.

use caffis_schema::limits::PREVIEW_BYTES;

use crate::config::{
    endpoints::{self, is_context, is_url},
    field::{Field, Number},
    hooks::{is_kind, is_rate, is_secret},
    setting::{Group, Setting, setting},
};

const GROUP: Group = Group::Hooks;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "hook_secrets",
        GROUP,
        "Secrets of those who may send webhooks; two of one source while its secret changes",
        Field::Secrets(
            |c| &mut c.hooks.secrets,
            is_secret,
            "source:whsec_ and 24 to 64 bytes in base64, such as main:whsec_…",
        ),
    ),
    setting(
        "hook_kinds",
        GROUP,
        "The kinds of events that each source may send",
        Field::Words(
            |c| &mut c.hooks.kinds,
            is_kind,
            "source:kind, such as main:user.*, map:meetup.updated or main:*",
        ),
    ),
    setting(
        "hook_rates",
        GROUP,
        "Events that a source may send per second on one node; 1000 if it is not listed",
        Field::Words(
            |c| &mut c.hooks.rates,
            is_rate,
            "source:number from 1 to 1000000, such as main:5000",
        ),
    ),
    setting(
        "hook_out_urls",
        GROUP,
        "Endpoints of yours that are told by webhook what happens in the chat",
        Field::Words(
            |c| &mut c.hooks.out.urls,
            is_url,
            "endpoint:address, such as push:https://push.example.org/chat",
        ),
    ),
    setting(
        "hook_out_secrets",
        GROUP,
        "Secrets by which they know that a webhook is ours; two of one endpoint while its secret changes",
        Field::Secrets(
            |c| &mut c.hooks.out.secrets,
            is_secret,
            "endpoint:whsec_ and 24 to 64 bytes in base64, such as push:whsec_…",
        ),
    ),
    setting(
        "hook_out_kinds",
        GROUP,
        "The kinds of events that each endpoint is told; user.presence is not part of *",
        Field::Words(
            |c| &mut c.hooks.out.kinds,
            endpoints::is_kind,
            "endpoint:kind, such as push:chat.message.created, audit:member.* or audit:*",
        ),
    ),
    setting(
        "hook_out_contexts",
        GROUP,
        "The types of contexts of whose rooms each endpoint is told; of all rooms if it is not listed",
        Field::Words(
            |c| &mut c.hooks.out.contexts,
            is_context,
            "endpoint:type, such as push:booking or push:direct",
        ),
    ),
    setting(
        "hook_out_networks",
        GROUP,
        "Networks in which endpoints may be although they are not on the internet: loopback, private and the like",
        Field::Networks(|c| &mut c.hooks.out.networks),
    ),
    setting(
        "hook_out_ca",
        GROUP,
        "Further certificates (PEM) that vouch for endpoints, besides those of the machine",
        Field::File(|c| &mut c.hooks.out.ca),
    ),
    setting(
        "hook_out_timeout",
        GROUP,
        "How long an endpoint may take to answer",
        Field::Time(|c| &mut c.hooks.out.timeout, 100, 60_000),
    ),
    setting(
        "hook_out_in_flight",
        GROUP,
        "Webhooks to one endpoint that one node has under way at the same time, each of another room",
        Field::Count(|c| Number::U32(&mut c.hooks.out.in_flight), 1, 1_000),
    ),
    setting(
        "hook_out_preview",
        GROUP,
        "The most bytes of a message that endpoints are told; 0 for none",
        Field::Count(|c| Number::U32(&mut c.hooks.out.preview), 0, PREVIEW_BYTES as u64),
    ),
];
